"""The losses of the paper, from logits.

With sigma the logistic function and s the logit that an input is real:
    L_r = -mean log sigma(s)        for real inputs
    L_f = -mean log(1 - sigma(s))   for generated inputs; the discriminator's loss is L_r + L_f
    L_g = -mean log sigma(s)        for generated inputs, the generator's loss
"""

import torch.nn.functional as F


def real_loss(logits):
    """Return L_r, and L_g when the logits are those of generated inputs."""
    return F.softplus(-logits).mean()


def fake_loss(logits):
    """Return L_f."""
    return F.softplus(logits).mean()


def class_loss(logits, labels):
    """Return the cross entropy of distributions over classes, logits and labels of shape (n, 5)."""
    return F.cross_entropy(logits, labels)
