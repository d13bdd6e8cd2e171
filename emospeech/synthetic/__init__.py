"""A synthetic corpus in the formats of IEMOCAP and AMI, for those who hold no licence yet."""
