"""Tables 1 to 3 of the paper, and the counts behind its Table 3.

Source: J. Chang and S. Scherer, "Learning representations of emotional speech with deep
convolutional generative adversarial networks", ICASSP 2017.

The paper prints no counts. `TABLE_3_COUNTS` are the smallest integers whose row shares round to
Table 3 in every cell. Their mean recall is the 43.88 % of Table 2, and with three classes its
49.80 %, so both rates of Table 2 are computed on the pooled folds.
"""

import numpy as np

SOURCE = "Chang and Scherer (2017)"

# Table 1: final parameters, found by random search.
TABLE_1 = {
    "BasicCNN": {
        "crop_width": 128,
        "learning_rate": 1e-4,
        "batch_size": 64,
        "filter_size": 15,
        "filters": 84,
    },
    "MultitaskCNN": {
        "crop_width": 64,
        "learning_rate": 1e-3,
        "batch_size": 128,
        "filter_size": 8,
        "filters": 32,
    },
    "BasicDCGAN": {
        "crop_width": 128,
        "learning_rate": 1e-4,
        "batch_size": 64,
        "filter_size": 9,
        "filters": 72,
    },
    "MultitaskDCGAN": {
        "crop_width": 64,
        "learning_rate": 1e-4,
        "batch_size": 128,
        "filter_size": 6,
        "filters": 88,
    },
}

# Table 2: unweighted accuracy with 5 and 3 classes, and Pearson's correlation of valence.
TABLE_2 = {
    "BasicCNN": {"uar5": 0.3852, "uar3": 0.4659, "rho": 0.1639},
    "MultitaskCNN": {"uar5": 0.3678, "uar3": 0.4057, "rho": 0.0737},
    "BasicDCGAN": {"uar5": 0.4388, "uar3": 0.4980, "rho": 0.2618},
    "MultitaskDCGAN": {"uar5": 0.4369, "uar3": 0.4888, "rho": 0.2434},
}

# Table 3: truth in rows, prediction in columns, very negative to very positive; rows sum to 1.
TABLE_3_MODEL = "BasicDCGAN"
TABLE_3 = np.array(
    [
        [0.3316, 0.1633, 0.1837, 0.2092, 0.1122],
        [0.0293, 0.7701, 0.0796, 0.0910, 0.0299],
        [0.0106, 0.5090, 0.3507, 0.0903, 0.0393],
        [0.0285, 0.4881, 0.1395, 0.3027, 0.0412],
        [0.0366, 0.2683, 0.0732, 0.1829, 0.4390],
    ]
)
TABLE_3_COUNTS = np.array(
    [
        [65, 32, 36, 41, 22],
        [49, 1286, 133, 152, 50],
        [10, 479, 330, 85, 37],
        [18, 308, 88, 191, 26],
        [3, 22, 6, 15, 36],
    ]
)

# The three values quoted in Section 6; they are computed from the row-normalised matrix.
QUOTED_RECALL_NEGATIVE = 0.7701
QUOTED_PRECISION_NEGATIVE = 0.3502
QUOTED_F1_VERY_POSITIVE = 0.5284
