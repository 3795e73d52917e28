//! Requests and what slipway relies on in their answers: the same for the practice cluster and for a real API server.
//! Each function takes a client and a namespace that exists.

mod ask;
mod deletes;
mod lists;
mod merges;
mod refusals;

pub(crate) use deletes::*;
pub(crate) use lists::*;
pub(crate) use merges::*;
pub(crate) use refusals::*;

/// Calls a macro with the names of all.
macro_rules! each {
    ($with:ident) => {
        $with! {
            an_apply_owns_its_leaves_and_a_second_value_is_a_conflict
            a_field_that_is_no_longer_applied_goes
            containers_merge_by_name_and_variables_too
            an_apply_that_changes_nothing_keeps_the_version
            a_dry_run_writes_nothing
            a_shared_value_is_owned_by_both_and_outlives_one
            a_merge_patch_takes_what_it_changes
            generations_count_changes_of_the_spec_only
            a_second_create_already_exists
            what_is_not_there_is_not_found_by_name
            a_namespace_that_is_not_there_is_not_found
            an_unknown_field_is_refused_where_that_is_strict
            an_unknown_field_deep_in_an_object_is_refused_by_its_path
            a_wrong_name_is_invalid
            an_old_version_is_a_conflict
            an_immutable_secret_stays_as_it_is
            a_selector_cannot_be_changed
            a_deletion_holds_its_preconditions
            an_object_with_a_finalizer_lingers
            dependents_go_with_their_owner
            lists_select_by_label_and_come_in_pages
            metadata_alone_can_be_listed
            a_watch_goes_on_from_a_list
            kinds_are_discovered
        }
    };
}
pub(crate) use each;
