//! `compose.yaml` and its older names: services, their builds, ports, commands and variables.
