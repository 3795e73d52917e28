//! Tests on a real Kubernetes control plane (`tests/testbed/README.md`): a harness of its own, because the control plane is started
//! once, for all tests, and only if a test that was selected needs it.
//!
//! A test is an `async fn(Context) -> Outcome`; it is registered by its name in the list below. It makes its own namespace, whose
//! name says how pods behave in it.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod adopt;
mod adopt_products;
mod also;
mod answered;
mod apply;
mod attach;
mod backup;
mod backup_products;
mod bed;
mod changes;
mod circle;
mod conflicts;
mod conformance;
mod contest;
mod context;
mod databases;
mod drift;
mod every_object;
mod export;
mod exposure;
mod faces;
mod faults;
mod helmed;
#[path = "../testbed/helms.rs"]
mod helms;
mod inngest;
mod install;
mod keys;
mod killed;
mod large;
mod lock;
#[path = "../samples/membrane.rs"]
mod membrane;
mod outside;
mod pact;
mod passwords;
mod preflight;
mod processes;
mod products;
mod products_all;
#[path = "../pty/mod.rs"]
mod pty;
mod rbac;
mod rehearse;
mod rollback;
mod rotate;
mod snapshots;
mod state;
mod status;
#[path = "../testbed/mod.rs"]
mod testbed;
mod uninstall;
mod upgrade;
mod upgraded;
#[expect(clippy::panic, reason = "a schema that this validator does not understand is a fault of the test")]
#[path = "../schemas/validate.rs"]
mod validate;
mod watch;
mod writers;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

use context::{Context, Outcome};

/// The tests, one line each; `part::name` is also the name on the command line.
macro_rules! tests {
    ($shared:expr; $($part:ident :: $name:ident,)*) => {
        vec![$({
            let shared = Arc::clone(&$shared);
            Trial::ignorable_test(concat!(stringify!($part), "::", stringify!($name)), move || {
                shared.run(|context| Box::pin($part::$name(context)))
            })
        }),*]
    };
}

fn main() -> ExitCode {
    if std::env::var_os(processes::HOLD).is_some() {
        return processes::hold();
    }
    let mut arguments = Arguments::from_args();
    // They mostly wait for the cluster; the programs of the cluster need the processors more than the tests do.
    arguments.test_threads.get_or_insert(4);
    let shared = Arc::new(Shared { bed: OnceLock::new() });
    let mut trials = all(&shared);
    trials.extend(conforming(&shared));
    // Building takes minutes, which no test's own time is for.
    let selected = |name: &str| arguments.filter.as_deref().is_none_or(|filter| name.contains(filter));
    if !arguments.list && trials.iter().any(|trial| trial.name().starts_with("adopt") && selected(trial.name())) {
        helms::prepare();
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(shared);
    conclusion.exit_code()
}

/// What the practice cluster is held to, on the real one.
fn conforming(shared: &Arc<Shared>) -> Vec<Trial> {
    macro_rules! trials {
        ($($name:ident)*) => { tests![shared; $(conformance::$name,)*] };
    }
    conformance::each!(trials)
}

fn all(shared: &Arc<Shared>) -> Vec<Trial> {
    tests![shared;
        bed::pods_are_ready_at_once_where_nothing_else_is_said,
        bed::slow_pods_pass_through_creating_and_running_before_they_are_ready,
        bed::an_image_that_cannot_be_pulled_alternates_between_error_and_back_off,
        bed::a_crashing_pod_counts_its_restarts_and_keeps_its_last_exit,
        bed::an_unready_pod_runs_and_tells_why_it_is_not_ready,
        bed::only_the_container_that_the_namespace_names_misbehaves,
        bed::a_label_on_the_pod_breaks_and_heals_it,
        bed::an_images_name_chooses_the_behaviour_too,
        bed::a_job_completes_and_a_job_that_crashes_fails,
        bed::logs_are_read_and_followed,
        bed::a_command_runs_in_a_pod_and_its_failure_comes_back,
        bed::every_port_of_a_pod_answers_through_a_port_forward,
        bed::a_user_without_rights_is_refused,
        bed::a_user_with_rights_in_one_namespace_is_refused_in_the_next,
        bed::a_token_that_is_not_known_any_more_is_an_authentication_failure,
        bed::the_definitions_of_the_neighbours_are_established,
        bed::the_classes_and_the_issuer_are_there,
        bed::a_claim_of_the_default_class_binds_and_grows,
        bed::a_claim_of_the_first_consumer_class_waits_for_a_pod,
        bed::a_deleted_claim_takes_its_volume_along_unless_the_class_retains_it,
        bed::a_balancer_and_an_ingress_get_an_address,
        bed::a_strict_dry_run_refuses_an_unknown_field,
        bed::a_pod_that_is_not_restricted_is_refused_where_that_is_enforced,
        bed::kubectl_and_slipway_are_there,
        watch::a_deployment_is_followed_to_ready_and_its_rollout_is_not_called_ready_too_early,
        watch::a_slow_pod_says_what_it_is_busy_with,
        watch::an_image_that_cannot_be_pulled_is_found_and_grows_hopeless_after_three_pulls,
        watch::a_crash_loop_is_found_with_its_exit_code_and_explained_by_its_log,
        watch::a_pod_that_never_gets_ready_is_waited_for_and_told_of_when_the_wait_is_over,
        watch::an_unschedulable_pod_names_the_numbers_of_nodes,
        watch::a_quota_that_lets_no_pod_in_is_told_with_its_numbers,
        watch::a_claim_without_its_class_is_told_and_one_of_a_late_class_counts_as_ready,
        watch::a_job_is_done_when_it_is_complete_and_a_failed_one_ends_the_wait,
        watch::a_product_is_asked_through_a_port_forward_and_a_command_in_its_pod,
        watch::who_may_not_watch_is_told_so_instead_of_waiting,
        apply::an_install_makes_everything_and_a_second_one_writes_nothing,
        apply::a_change_restarts_only_its_readers_and_what_left_the_set_is_pruned,
        apply::a_run_that_is_killed_at_any_request_is_resumed_with_the_same_keys,
        apply::a_foreign_object_is_refused_by_name_and_can_be_adopted,
        apply::a_field_of_another_manager_is_named_then_left_or_taken,
        apply::who_may_not_is_told_the_right_and_nothing_is_written,
        apply::a_refused_dry_run_takes_its_own_namespace_back,
        lock::a_living_holder_is_not_disturbed_and_a_dead_one_is_replaced,
        lock::who_loses_the_lock_writes_nothing_more,
        apply::a_run_is_left_with_its_record_pending_and_goes_on_later,
        apply::an_uninstall_leaves_claim_and_keys_and_the_namespace_that_holds_them,
        large::a_thousand_objects_are_written_once_and_then_found_unchanged,
        apply::a_custom_resource_is_sent_once_its_definition_is_established_and_not_before,
        large::a_record_that_is_too_large_for_one_object_is_split_and_read_again,
        lock::a_lock_that_is_taken_over_is_known_to_be_lost_without_a_renewal,
        install::every_profile_installs_headless_and_again_writes_nothing,
        install::no_secret_value_is_anywhere_but_in_a_secret,
        install::every_pod_passes_restricted_where_that_is_enforced,
        install::a_killed_install_is_finished_by_the_next_run_with_the_first_keys,
        install::bad_input_is_told_with_its_exit_code_and_nothing_is_written,
        install::a_credential_plugin_gives_the_token_and_one_that_fails_is_told,
        install::what_is_somebody_elses_is_refused_and_left_as_it_is,
        install::a_namespace_that_is_being_deleted_is_refused,
        install::an_image_that_cannot_be_pulled_ends_the_run_with_its_name_and_remedy,
        keys::a_key_that_is_brought_anew_makes_the_next_generation_and_restarts_its_readers_alone,
        keys::a_key_that_comes_with_an_answer_makes_the_next_generation_and_none_after_it,
        keys::a_run_that_ends_between_its_record_and_its_keys_is_finished_with_the_same_generation,
        keys::a_newest_generation_that_is_gone_is_told_and_never_replaced_by_the_one_before,
        also::logs_are_read_by_group_followed_and_read_from_before_a_restart,
        also::a_port_leads_to_the_product_until_ctrl_c,
        also::images_are_listed_for_mirroring_and_come_from_the_registry_that_was_answered,
        also::the_answers_of_what_is_installed_install_the_same_elsewhere,
        also::a_status_tells_certificates_and_how_full_volumes_are_where_that_can_be_known,
        also::what_needs_a_look_is_named_and_a_release_that_is_whole_has_nothing,
        also::the_archive_for_a_report_holds_everything_and_no_secret,
        rotate::keys_are_rotated_in_the_steps_that_their_product_names,
        rotate::keys_that_are_lost_come_back_from_their_copy_and_from_no_other,
        rotate::a_value_is_shown_on_a_terminal_alone_and_what_is_wrong_is_said,
        exposure::an_ingress_with_a_certificate_of_an_issuer_publishes_the_paths_of_sdks_alone,
        exposure::an_ingress_with_an_own_certificate_names_that_secret_and_no_issuer,
        exposure::a_gateway_publishes_the_paths_of_sdks_and_sends_http_to_https,
        exposure::an_existing_gateway_gets_a_route_and_nothing_else,
        exposure::a_load_balancer_is_internal_and_for_named_networks_and_never_by_accident,
        exposure::a_node_port_is_the_one_that_was_asked_for_and_goes_when_it_is_closed,
        exposure::without_redis_one_replica_runs_and_a_second_is_refused,
        exposure::a_trial_on_sqlite_needs_no_database_and_is_refused_in_production,
        exposure::secrets_that_exist_are_referenced_and_never_copied,
        conflicts::a_release_that_a_newer_slipway_recorded_is_refused,
        conflicts::a_release_of_another_product_is_refused,
        conflicts::a_second_release_of_a_singleton_in_one_namespace_is_refused,
        conflicts::a_field_of_a_person_is_left_to_them_and_that_is_not_asked_again,
        conflicts::a_field_of_a_person_is_taken_where_that_was_said,
        conflicts::a_foreign_object_is_adopted_by_its_name_and_no_other_with_it,
        conflicts::an_expired_credential_is_told_with_what_to_do,
        changes::a_server_that_migrates_when_it_starts_is_alone_until_it_is_ready,
        changes::replicas_are_handed_to_an_autoscaler_and_back_without_a_moment_at_one,
        changes::an_object_that_cannot_be_changed_is_made_anew_and_a_killed_replacement_is_finished,
        every_object::every_object_of_every_combination_passes_a_strict_dry_run,
        every_object::every_pod_of_every_combination_passes_restricted,
        products::a_release_without_a_secret_has_no_key_secret_and_a_second_run_writes_nothing,
        products_all::prefect_lives_in_each_of_its_profiles,
        products_all::innominatus_lives_in_each_of_its_profiles,
        products_all::inferno_lives_in_each_of_its_profiles,
        products_all::membrane_lives_in_each_of_its_profiles,
        products::a_new_product_and_the_one_of_the_guide_live_a_whole_life,
        products::the_product_of_a_reader_of_the_guide_lives_in_each_of_its_profiles,
        products::a_claim_of_the_operators_own_is_mounted_and_never_anything_more,
        rehearse::what_a_policy_would_refuse_is_a_finding_before_anybody_says_yes,
        rehearse::an_object_of_somebody_else_is_a_finding_before_anybody_says_yes,
        rehearse::what_moved_after_the_plan_was_agreed_stops_the_run_before_it_writes,
        preflight::quotas_and_limit_ranges_are_reckoned_with_as_the_server_counts_them,
        preflight::what_an_earlier_install_left_is_used_only_when_that_is_said,
        preflight::hosts_gateways_secrets_and_classes_that_are_not_as_named_are_told,
        preflight::who_may_read_one_namespace_alone_is_told_what_was_not_checked,
        attach::a_run_that_was_left_is_shown_and_gone_on_with,
        attach::a_run_that_goes_on_elsewhere_is_shown_to_its_end,
        attach::a_person_is_offered_to_go_on_in_lines_and_on_the_full_screen,
        attach::every_line_of_json_is_an_event_whatever_becomes_of_the_run,
        pact::an_install_a_reinstall_over_what_was_kept_and_a_wipe_leave_what_was_announced,
        pact::what_is_set_aside_stays_untouched_and_the_release_takes_other_names,
        pact::what_is_wiped_is_made_anew_with_new_keys_and_only_what_was_named_goes,
        pact::a_volume_that_a_strangers_pod_mounts_is_refused,
        circle::a_release_of_the_development_profile_does_at_each_stage_what_was_announced,
        circle::a_release_of_the_production_profile_does_at_each_stage_what_was_announced,
        backup::a_database_is_backed_up_restored_beside_the_old_one_and_the_old_one_stays,
        backup::what_is_cut_off_damaged_or_anothers_is_refused_and_nothing_is_lost,
        backup::a_restore_that_was_killed_leaves_the_database_as_it_was_and_the_next_one_finishes,
        backup::a_target_that_would_fill_is_refused_and_one_that_fills_keeps_everything_else,
        backup::a_password_that_does_not_open_the_database_is_found_from_another_pod_and_mended,
        backup::a_volume_is_deleted_only_after_its_database_was_backed_up_and_read_back,
        backup::a_redis_is_backed_up_and_takes_its_dump_back_while_it_runs,
        backup::a_job_and_a_schedule_pass_a_strict_dry_run_and_go_with_the_release,
        backup_products::innominatus_comes_back_with_its_workflows,
        backup_products::a_product_without_a_database_says_that_nobody_backs_its_volumes_up,
        passwords::a_kept_volume_that_knows_another_password_stops_the_run_before_what_needs_it_starts,
        passwords::a_server_outside_that_refuses_the_password_stops_the_run_before_what_needs_it_starts,
        outside::a_database_outside_is_backed_up_and_restored_beside_the_old_one,
        outside::a_role_that_may_not_make_databases_is_told_what_to_grant_and_nothing_is_touched,
        outside::a_disk_that_a_redis_fills_keeps_everything_else_and_another_products_dump_is_refused,
        outside::a_redis_outside_is_backed_up_and_its_restore_is_its_operators,
        writers::what_writes_is_stopped_for_a_backup_and_runs_again_afterwards,
        writers::what_a_backup_stopped_runs_again_after_it_was_ended_or_killed,
        writers::replicas_that_are_another_s_come_back_and_a_scaler_that_would_start_them_is_named,
        snapshots::volumes_are_snapshotted_where_their_storage_does_that_and_refused_where_not,
        uninstall::volumes_and_keys_stay_and_the_next_install_uses_them,
        uninstall::what_is_named_goes_and_with_the_last_of_it_the_namespace,
        uninstall::a_person_is_asked_about_each_volume_and_types_the_name,
        uninstall::an_uninstall_that_is_killed_is_finished_by_the_next_with_what_was_said_first,
        uninstall::a_release_that_lost_its_parent_goes_whole_and_what_lost_its_mark_is_told,
        uninstall::what_was_added_after_the_plan_was_made_is_not_left_without_a_record,
        uninstall::what_holds_a_deletion_up_is_named_with_whose_it_is,
        upgrade::another_major_version_of_a_database_is_refused_over_its_volume_and_a_minor_one_is_not,
        upgrade::a_newer_version_restarts_the_server_alone_and_keeps_keys_and_volumes,
        upgrade::a_step_back_and_a_version_that_is_none_are_refused,
        upgrade::versions_that_must_come_in_between_are_installed_in_their_order,
        upgrade::a_walk_that_ends_at_a_version_in_between_is_gone_on_with_by_the_next_run,
        upgrade::a_migration_wants_a_backup_in_production_unless_it_is_refused_by_name,
        upgrade::a_database_that_goes_outside_and_comes_back_finds_its_volume_and_its_key,
        changes::a_selector_that_changes_is_replaced_and_that_is_said_with_what_it_means,
        changes::autoscalers_that_exclude_each_other_are_exchanged_without_a_moment_at_one_replica,
        drift::what_a_cloud_or_a_policy_puts_where_nothing_was_said_is_no_change_of_ours,
        drift::what_was_changed_by_hand_is_told_with_who_and_what_becomes_of_it,
        answered::a_frozen_plan_runs_as_it_was_reviewed_and_not_after_anything_moved,
        answered::answers_of_earlier_runs_stand_until_they_are_forgotten_by_name_or_all_at_once,
        answered::a_newer_product_says_which_presets_and_questions_changed,
        upgrade::a_release_that_is_being_taken_away_is_not_upgraded,
        upgrade::an_upgrade_that_is_killed_at_any_request_is_finished_with_the_same_keys_and_volumes,
        adopt::a_release_of_helm_3_and_chart_0_1_goes_through,
        adopt::a_release_of_helm_4_and_chart_0_1_goes_through,
        adopt::a_release_of_helm_3_and_chart_0_2_goes_through,
        adopt::a_release_of_helm_4_and_chart_0_2_goes_through,
        adopt::a_release_of_helm_3_and_chart_0_3_goes_through,
        adopt::a_release_of_helm_4_and_chart_0_3_goes_through,
        adopt::what_the_operator_told_the_chart_becomes_answers,
        adopt::what_may_not_be_taken_over_is_refused_and_left_as_it_is,
        adopt::a_release_of_another_chart_is_refused,
        adopt::a_record_in_another_namespace_than_the_objects_is_found_by_either,
        adopt::redis_begins_with_what_a_snapshot_holds,
        adopt_products::prefect_of_helm_3_goes_through_over_bitnamis_volume,
        adopt_products::prefect_of_helm_4_goes_through_over_bitnamis_volume,
        adopt_products::innominatus_of_helm_3_goes_through_over_its_volumes,
        adopt_products::innominatus_of_helm_4_goes_through_over_its_volumes,
        adopt_products::inferno_of_helm_3_goes_through_over_its_volumes,
        adopt_products::inferno_of_helm_4_goes_through_over_its_volumes,
        adopt_products::a_database_that_nobody_has_proved_is_left_to_helm,
        adopt_products::a_database_without_a_volume_is_dumped_before_it_is_taken_over_and_before_it_is_changed,
        export::exported_manifests_are_accepted_elsewhere_and_hold_no_mark_and_no_secret,
        export::secrets_are_written_only_sealed_by_a_passphrase_that_is_not_on_the_command_line,
        export::what_is_handed_over_stays_and_is_written_by_nobody_of_ours,
        status::a_release_that_is_well_is_told_by_groups_and_what_is_gone_is_named,
        status::a_release_that_is_stuck_says_why_and_what_to_do,
        status::the_history_says_what_changed_and_no_secret,
        rollback::an_endpoint_comes_back_with_its_newest_credentials_and_data_and_keys_stay,
        rollback::a_product_whose_folder_is_gone_is_put_back_from_its_record_and_no_job_runs_again,
        rollback::a_pod_that_keeps_its_stateful_set_waiting_is_ended_and_nothing_else,
        rollback::a_failed_run_keeps_its_evidence_without_a_secret_and_says_what_can_be_done,
        rollback::a_person_is_shown_the_way_back_and_says_yes,
        state::who_is_at_it_on_another_machine_is_named_followed_and_taken_over,
        state::a_record_that_is_torn_or_gone_is_built_anew_and_nothing_that_runs_is_touched,
        state::a_record_of_a_newer_slipway_is_refused_by_every_verb_that_writes,
        state::a_rollback_that_is_killed_is_told_by_status_and_finished_by_the_next,
        state::a_half_done_uninstall_is_told_and_can_be_taken_back,
        state::the_history_is_bounded_says_who_and_how_much_and_never_drops_the_last_good_one,
        state::of_two_clients_that_race_on_the_real_server_one_wins_and_the_other_says_why,
        contest::a_person_is_told_who_is_at_it_and_follows_waits_or_takes_over_by_typing,
        contest::keys_are_not_imported_while_somebody_else_is_at_it,
        contest::nothing_is_restored_while_somebody_else_is_at_it,
        killed::a_program_that_is_killed_at_any_request_of_any_flow_is_followed_by_a_run_that_finishes,
        killed::a_server_that_answers_wrongly_at_any_request_of_any_flow_is_put_up_with,
        killed::an_adoption_that_is_killed_is_finished_by_the_next_with_the_same_pods,
        killed::a_backup_and_a_restore_that_are_killed_leave_the_database_whole_and_the_next_finishes,
        rbac::the_printed_role_is_enough_for_an_install_and_its_uninstall,
        faces::full_screen_and_plain_lines_leave_what_the_headless_run_leaves,
        faces::enter_pressed_a_hundred_times_installs_nothing,
        faces::a_walk_from_the_first_page_installs_what_it_showed,
        faces::what_moved_while_a_person_looked_is_said_and_the_plan_shown_again,
        faces::a_run_that_stands_still_is_left_for_the_answer_that_mends_it_and_goes_on,
        faces::a_run_that_failed_is_undone_by_one_key_after_its_review,
        faces::a_release_of_helm_is_taken_over_after_the_same_review_on_the_full_screen,
        processes::an_ordered_stop_leaves_no_process_and_no_folder,
        processes::a_killed_owner_leaves_no_process_and_no_folder,
    ]
}

/// No test waits longer: one that hangs is a failure that says so, not a run that never ends.
const LONGEST: Duration = Duration::from_secs(300);

/// The control plane that all tests share, started by the first that needs it.
pub(crate) struct Shared {
    bed: OnceLock<Result<testbed::Testbed, String>>,
}

impl Shared {
    fn run(
        &self,
        test: impl FnOnce(Context) -> std::pin::Pin<Box<dyn Future<Output = Outcome>>>,
    ) -> Result<libtest_mimic::Completion, libtest_mimic::Failed> {
        let bed = self.bed.get_or_init(|| testbed::Testbed::open().map_err(|e| e.to_string()));
        let bed = bed.as_ref().map_err(|why| format!("the test cluster does not start: {why}"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let whole = runtime
            .block_on(async { tokio::time::timeout(LONGEST, async { test(Context::new(bed).await?).await }).await });
        runtime.shutdown_background();
        let outcome =
            whole.map_err(|_| format!("not done after {} s: something it waits for never came", LONGEST.as_secs()))?;
        outcome.map_err(|e| e.to_string().into())
    }
}
