//! The rules that every store passes, one function each.
//!
//! A store's tests name a function that makes an empty store, with whatever must live as long as it:
//!
//! ```
//! use handstamp_core::test_support::MemoryStore;
//!
//! async fn make() -> (MemoryStore, ()) {
//!     (MemoryStore::default(), ())
//! }
//!
//! handstamp_core::store_contract_tests!(make);
//! ```

pub mod carried;
pub mod clean_up;
pub mod clients;
pub mod ending;
mod furnished;
pub mod keys;
pub mod log;
pub mod organizations;
pub mod profiles;
pub mod reports;
pub mod rotation;
mod samples;
pub mod sessions;
pub mod status_lists;
pub mod subjects;
pub mod transfer;
pub mod units;
pub mod upstreams;
pub mod used;
pub mod users;

pub use furnished::furnished;

use std::sync::Arc;

use crate::store::{Applied, Changes, Conflict, Store};

/// Expands to one test for each rule.
#[macro_export]
macro_rules! store_contract_tests {
    ($make:path) => {
        $crate::store_contract_tests! { @expand $make;
            users::a_user_reads_back_as_written
            users::an_unknown_user_is_none
            users::a_user_is_found_by_name_and_by_address
            users::a_taken_user_name_is_refused
            users::a_taken_address_is_refused
            users::several_users_may_have_no_address
            users::an_unknown_organization_is_refused
            users::the_first_user_is_made_once
            users::of_two_first_users_at_the_same_time_one_is_made
            users::an_update_replaces_the_user_and_raises_the_version
            users::an_update_on_an_old_version_is_refused
            users::an_update_may_not_take_anothers_name
            users::a_rehash_replaces_the_hash_and_raises_no_version
            users::a_rehash_of_another_hash_is_refused
            users::users_are_listed_by_name_a_page_at_a_time
            profiles::a_profile_comes_with_its_subject
            profiles::a_profile_that_was_never_set_is_empty
            profiles::a_profile_replaces_the_one_before
            profiles::a_profile_and_its_user_change_apart
            profiles::a_profile_that_changed_meanwhile_is_refused
            profiles::of_many_profiles_at_the_same_time_one_holds
            organizations::an_organization_reads_back_as_written
            organizations::a_taken_organization_id_is_refused
            organizations::an_update_of_an_unknown_organization_is_refused
            organizations::organizations_are_listed_by_id
            subjects::a_subject_holds_user_organization_and_log_position
            subjects::a_subject_without_organization_has_none
            subjects::a_session_comes_with_its_subject
            subjects::an_unknown_session_has_no_subject
            sessions::a_session_reads_back_as_written
            sessions::an_ended_session_reads_back_as_written
            sessions::a_session_for_a_changed_user_is_refused
            sessions::a_session_beyond_the_limit_is_refused
            sessions::ended_and_run_out_sessions_do_not_count_for_the_limit
            sessions::live_sessions_are_the_users_own_newest_first
            sessions::live_sessions_leave_out_ended_and_run_out_ones
            sessions::a_relabelled_session_has_the_new_label
            sessions::a_relabel_of_an_ended_session_is_refused
            rotation::a_rotation_moves_the_session_on
            rotation::a_rotation_from_an_old_state_is_refused
            rotation::a_rotation_after_a_hand_out_is_refused
            rotation::a_rotation_after_a_confirmation_is_refused
            rotation::a_rotation_of_an_ended_session_is_refused
            rotation::a_rotation_of_an_unknown_session_is_refused
            rotation::a_rotation_never_shortens_the_idle_expiry
            rotation::of_many_rotations_at_the_same_time_one_wins
            rotation::the_largest_counters_read_back
            rotation::a_hand_out_is_noted_and_never_moves_back
            rotation::a_hand_out_of_an_old_state_is_refused
            rotation::a_session_seen_under_its_current_token_is_confirmed
            rotation::a_session_seen_under_an_older_token_is_not_confirmed
            rotation::last_seen_never_moves_back
            rotation::a_rotation_takes_the_confirmation_away
            ending::an_ended_session_stays_with_its_reason
            ending::ending_twice_keeps_the_first_reason
            ending::ending_an_unknown_session_does_nothing
            ending::ending_all_sessions_of_a_user_counts_the_active_ones
            ending::ending_all_but_one_leaves_that_one
            carried::a_carried_session_reads_back_as_written
            carried::nothing_is_carried_from_a_session_that_is_over
            carried::nothing_is_carried_from_what_was_carried_itself
            carried::nothing_is_carried_from_somebody_elses_session
            carried::to_one_site_one_session_is_carried
            carried::of_many_carried_to_one_site_at_the_same_time_one_begins
            carried::a_carried_session_does_not_count_for_the_limit
            carried::a_group_ends_whole_whichever_of_it_is_named
            carried::whoever_ends_all_but_a_carried_session_stays_at_home_as_well
            carried::a_group_that_is_over_ends_once
            carried::what_began_a_moment_before_ends_with_its_group
            carried::a_session_is_kept_from_running_out_and_never_shortened
            carried::a_session_that_is_over_is_not_kept
            keys::keys_read_back_as_written_oldest_first
            keys::a_taken_key_id_is_refused
            keys::a_second_first_key_of_a_purpose_is_refused
            keys::a_key_moves_on_from_the_state_that_was_read
            keys::a_key_that_moved_meanwhile_is_refused
            keys::a_second_next_key_of_a_purpose_is_refused
            keys::a_next_key_takes_the_place_of_one_that_moved_on_in_the_same_unit
            keys::a_next_key_with_a_taken_id_is_refused
            keys::a_removed_key_is_gone_and_removing_it_again_does_nothing
            clients::clients_read_back_as_written
            clients::clients_with_keys_read_back_as_written
            clients::a_taken_client_id_is_refused
            clients::a_removed_client_is_gone
            clients::removing_an_unknown_client_is_refused
            reports::reports_read_back_as_written
            reports::a_report_replaces_what_the_process_said_before
            reports::an_older_report_replaces_nothing
            reports::a_new_process_beyond_the_limit_is_not_noted
            status_lists::a_status_list_reads_back_as_written
            status_lists::status_lists_are_listed_oldest_first
            status_lists::a_taken_status_list_id_is_refused
            status_lists::taken_places_are_counted_and_the_list_is_kept_for_the_longest
            status_lists::places_that_were_taken_meanwhile_are_refused
            status_lists::places_of_an_unknown_status_list_are_refused
            status_lists::of_many_takers_at_the_same_time_one_wins
            status_lists::a_session_keeps_its_place
            status_lists::a_place_changes_only_from_the_one_that_was_read
            status_lists::an_ended_or_unknown_session_gets_no_place
            status_lists::ended_sessions_are_bad_places
            status_lists::members_of_a_suspended_organization_are_bad_places
            status_lists::old_status_lists_are_forgotten
            upstreams::links_read_back_as_written
            upstreams::a_link_is_of_one_upstream_and_one_issuer
            upstreams::a_taken_link_is_refused
            upstreams::of_many_links_of_one_person_at_the_same_time_one_holds
            upstreams::a_removed_link_is_gone
            upstreams::a_user_a_link_and_a_session_are_one_unit
            upstreams::an_upstream_session_reads_back_as_written
            upstreams::an_upstream_session_stands_beside_one_active_session
            upstreams::an_upstream_session_needs_the_link_it_began_by
            upstreams::upstream_sessions_are_found_by_sid_and_by_subject
            upstreams::what_stands_beside_a_session_goes_when_it_ends
            upstreams::a_check_moves_on_from_what_was_read
            upstreams::of_many_checks_at_the_same_time_one_holds
            upstreams::the_origin_of_a_user_reads_back
            log::events_are_numbered_from_one_without_gaps
            log::every_selector_kind_and_reason_reads_back
            log::events_are_read_in_order_a_page_at_a_time
            log::concurrent_events_get_numbers_without_gaps
            log::a_new_epoch_goes_on_far_ahead_and_knows_the_ones_before
            log::a_new_epoch_from_one_that_was_left_is_refused
            log::an_earlier_epoch_is_forgotten_with_its_last_token
            log::a_commit_of_an_event_wakes_whoever_waits_for_the_log
            log::audit_entries_are_read_newest_first
            log::audit_entries_are_read_by_user
            units::a_conflict_undoes_the_whole_unit
            units::a_conflict_hurts_no_other_unit_at_the_same_time
            units::an_empty_unit_is_committed
            units::a_later_change_sees_an_earlier_one_of_its_unit
            units::relaxed_changes_are_read_at_once
            used::what_may_be_used_once_is_refused_the_second_time
            used::of_many_uses_at_the_same_time_one_holds
            used::a_second_use_undoes_the_whole_unit
            used::used_ids_are_forgotten_when_they_would_not_be_taken_anyway
            clean_up::sessions_that_have_run_out_end_as_expired
            clean_up::old_ended_sessions_are_forgotten
            clean_up::forgotten_events_go_from_the_front_and_numbers_go_on
            clean_up::old_audit_entries_are_forgotten
            clean_up::old_reports_are_forgotten
            clean_up::a_limit_is_kept_and_more_is_done_the_next_time
        }
    };
    (@expand $make:path; $($group:ident :: $rule:ident)+) => {$(
        #[tokio::test]
        async fn $rule() {
            let (store, _keep) = $make().await;
            $crate::test_support::contract::$group::$rule(std::sync::Arc::new(store)).await;
        }
    )+};
}

/// Applies a unit that must hold. Returns how many sessions it ended.
async fn commit(store: &Arc<dyn Store>, changes: Changes) -> u64 {
    match store.apply(changes).await.expect("the store works") {
        Applied::Committed { sessions_ended, .. } => sessions_ended,
        Applied::Conflict(conflict) => panic!("nothing conflicts here, but: {conflict}"),
    }
}

/// Applies a unit that must be refused. Returns why.
async fn refused(store: &Arc<dyn Store>, changes: Changes) -> Conflict {
    match store.apply(changes).await.expect("the store works") {
        Applied::Conflict(conflict) => conflict,
        Applied::Committed { .. } => panic!("this must conflict"),
    }
}

/// Applies units at the same time. Returns how many held.
async fn race(store: &Arc<dyn Store>, units: Vec<Changes>) -> usize {
    let start = |unit| {
        let store = Arc::clone(store);
        tokio::spawn(async move { store.apply(unit).await.expect("the store works") })
    };
    let tasks: Vec<_> = units.into_iter().map(start).collect();
    let mut held = 0;
    for task in tasks {
        held += usize::from(matches!(task.await.expect("no store panics"), Applied::Committed { .. }));
    }
    held
}
