"""Export of a study to TensorBoard and MLflow, from the files in its results folder."""
