//! The build context: which files the builder receives, how many bytes, and who contributes most.
