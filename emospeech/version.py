"""The version of the project, which the files of weights bear."""

VERSION = "0.1.0"
