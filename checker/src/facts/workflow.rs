//! GitHub workflow files: which build, start or deploy the image.
