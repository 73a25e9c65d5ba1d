//! The table of rules: one line a rule, in alphabetical order. The file of a rule has its name.

use crate::rule::Rule;

macro_rules! rules {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) mod $name;)*
        /// Every rule, sorted by id.
        pub const ALL: &[Rule] = &[$($name::RULE),*];
    };
}

// One name a line: rules are added in parallel.
#[rustfmt::skip]
rules![
    allowance_malformed,
    allowance_unused,
    bind_loopback,
    build_fails,
    build_slow,
    bullmq_max_retries,
    cmd_literal_variable,
    cmd_signal_swallowed,
    config_and_iac,
    config_both_files,
    config_cutoff,
    config_enum_invalid,
    config_multi_service_syntax,
    config_nixpacks,
    config_not_discovered,
    config_parse_error,
    config_region_unknown,
    config_root_file_hijack,
    config_type_mismatch,
    config_unknown_key,
    config_variables_block,
    copy_not_in_git,
    copy_outside_root_dir,
    copy_shell_syntax,
    copy_source_ignored,
    copy_source_missing,
    cron_syntax,
    cron_too_frequent,
    dockerfile_cache_mount_id_prefix,
    dockerfile_cache_mount_multi_service,
    dockerfile_cache_mount_no_id,
    dockerfile_mount_type_unsupported,
    dockerfile_name_case,
    dockerfile_no_command,
    dockerfile_parse_error,
    dockerfile_path_conflict,
    dockerfile_path_missing,
    dockerfile_shadows_builder,
    dockerfile_volume_instruction,
    dockerfile_wrong_for_service,
    dockerignore_anchored,
    dockerignore_secrets,
    drill_failed,
    healthcheck_missing,
    healthcheck_no_listener,
    healthcheck_path_invalid,
    healthcheck_route_missing,
    healthcheck_server_after_redis,
    healthcheck_unanswered,
    healthcheck_with_cron,
    iac_multiple_files,
    iac_nonstring_env,
    iac_not_applied,
    iac_parse_error,
    import_fails,
    missing_dockerignore,
    port_hardcoded,
    predeploy_shell,
    procfile_multi_process,
    procfile_not_used,
    redis_ioredis_family,
    redis_localhost_default,
    redis_no_retry,
    redis_private_url_legacy,
    redis_retry_budget,
    restart_never_worker,
    rq_decode_responses,
    start_crashes,
    start_exec_form_variable,
    start_shell_syntax,
    unmarked_startup,
    untested_image,
];

/// The rule called `id`.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id)
}
