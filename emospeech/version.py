"""The version of the project, which is recorded in weights files."""

VERSION = "0.1.0"
