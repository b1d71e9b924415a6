//! What every store must hold to, asked through the ledger's face; and what is one store's own.

mod backlog;
mod backup;
mod behind;
mod broken;
mod clocks;
mod cluster;
mod cursors;
mod database;
mod delivery;
mod figures;
mod folder;
mod hours;
mod identity;
mod imported;
mod interleaving;
mod kinds;
mod late;
mod letters;
mod lists;
mod migrations;
mod mirror;
mod move_to_postgres;
mod organisation;
mod outside;
mod policies;
mod records;
mod schema;
mod specimen;
mod spending;
mod subject;
mod support;
mod together;
mod whole;
mod wire;

/// Makes a test of each function for one store and one kind. A function that is missing here is never called, which clippy
/// tells.
macro_rules! suite {
    ($place:ident, $store:ident, $subject:ident:
        $($module:ident { $($name:ident)* } $({ $($property:ident)* })?)*) => {
        mod $place {
            $(mod $module {
                $(#[tokio::test]
                async fn $name() {
                    crate::subject::Subject::$subject.set();
                    crate::$module::$name(crate::support::TestStore::$store).await;
                })*
                $($(#[test]
                fn $property() {
                    crate::subject::Subject::$subject.set();
                    crate::$module::$property(crate::support::TestStore::$store);
                })*)?
            })*
        }
    };
}

/// What holds for every kind, on each store.
macro_rules! of_every_kind {
    ($($tests:tt)*) => {
        suite!(in_a_folder, Folder, CampaignRun: $($tests)*);
        suite!(in_a_database, Database, CampaignRun: $($tests)*);
        suite!(behind_a_pooler, Pooled, CampaignRun: $($tests)*);
        suite!(keyed_in_a_folder, Folder, Keyed: $($tests)*);
        suite!(keyed_in_a_database, Database, Keyed: $($tests)*);
        suite!(given_in_a_folder, Folder, Given: $($tests)*);
    };
}

/// What is about campaign runs, on each store.
macro_rules! of_campaign_runs {
    ($($tests:tt)*) => {
        mod of_campaign_runs {
            suite!(in_a_folder, Folder, CampaignRun: $($tests)*);
            suite!(in_a_database, Database, CampaignRun: $($tests)*);
            suite!(behind_a_pooler, Pooled, CampaignRun: $($tests)*);
        }
    };
}

mod of_several_kinds {
    suite!(in_a_folder, Folder, Keyed: kinds {
        a_lease_is_shared_between_tenants_whatever_the_kinds
        the_oldest_is_lent_first_whatever_its_kind
        what_is_read_back_is_the_oldest_whatever_its_kind
        heavy_records_travel_a_few_at_a_time
        every_value_comes_back_as_it_was_sent
        each_record_without_an_identity_is_another
    });
    suite!(in_a_database, Database, Keyed: kinds {
        a_lease_is_shared_between_tenants_whatever_the_kinds
        the_oldest_is_lent_first_whatever_its_kind
        what_is_read_back_is_the_oldest_whatever_its_kind
        heavy_records_travel_a_few_at_a_time
        every_value_comes_back_as_it_was_sent
        each_record_without_an_identity_is_another
    });
}

of_campaign_runs! {
    figures {} { the_figures_are_those_of_a_plain_recount }
    outside {
        what_a_flow_marks_counts_as_delivered
        a_row_that_vanished_is_unaccounted_for
    }
}

of_every_kind! {
    backlog {
        what_was_counted_wrong_is_said_and_mended
        old_hours_become_one_and_old_receipts_go
    }
    behind { what_stands_there_is_taken_whatever_waits_here }
    clocks {
        what_came_in_while_the_clock_was_ahead_is_lent_with_the_rest
        a_start_does_not_wait_for_a_time_that_was_wrong
        a_lease_does_not_outlast_a_clock_that_is_set_back
        a_mark_is_not_lent_for_hours_because_a_clock_was_set_back
        what_has_waited_has_waited_though_the_clock_is_set_back
        an_acknowledgement_bears_the_store_s_time
        a_time_that_lies_ahead_puts_no_row_off
        what_is_handed_back_is_due_though_the_clock_was_set_back
    }
    delivery {
        what_is_lent_is_not_lent_again_until_it_comes_back
        a_delivered_record_leaves_the_outbox_and_bears_the_time
        a_parcel_of_a_lease_taken_over_is_passed_over
        the_newest_state_is_what_is_sent_last
        a_correction_before_delivery_is_sent_alone
        what_was_delivered_and_is_withdrawn_is_deleted_there
        what_may_have_been_sent_is_deleted_there
        a_dead_letter_waits_with_its_reason_until_it_is_sent_again
        a_correction_brings_a_dead_letter_back
        a_failed_attempt_is_counted_and_waits
        what_is_handed_back_is_at_its_place_in_the_line
        what_is_handed_back_as_the_last_lets_all_others_pass
        an_old_lease_is_known_though_the_record_left_the_line_and_came_back
        a_lease_is_shared_between_tenants
        what_was_read_back_is_confirmed_once_and_only_as_it_is_now
        what_waits_to_be_read_back_is_read_page_by_page
    }
    hours {
        each_hour_has_a_balance_of_its_own
        an_hour_is_shown_for_two_days
        what_is_archived_is_accounted_for
    }
    identity {
        a_ledger_belongs_to_whom_it_was_claimed_for_first
        what_goes_to_another_organisation_waits_to_be_sent_again
        what_came_from_others_goes_along_to_another_organisation
        a_correction_that_was_dropped_counts_once_at_another_organisation
    }
    imported { what_was_imported_waits_until_its_row_is_met }
    interleaving { many_at_once_are_told_apart_and_none_is_lost } { nothing_is_ever_unaccounted_for }
    letters {
        a_letter_shows_the_exchange
        a_refusal_with_a_nul_in_it_is_kept_without
        a_mended_letter_is_sent_and_bears_a_name
        a_dropped_letter_stays_and_is_not_sent
        all_letters_are_sent_again_at_once
    }
    lists {
        the_newest_come_first_and_the_last_of_equals_too
        pages_stay_in_step_while_records_come_in
        the_last_page_has_no_next
        filters_and_times_narrow_a_list
        tenants_do_not_see_each_other
    }
    cursors {
        a_cursor_is_one_process_s_at_a_time
        a_question_is_asked_once_and_answered
    }
    mirror {
        an_echo_confirms_once
        what_others_made_comes_in_and_goes_back_under_its_own_id
        an_edit_there_replaces_what_is_here
        a_page_older_than_our_own_write_decides_nothing
        a_row_that_stands_there_as_it_was_before_is_no_late_echo
        a_newer_change_here_keeps_an_edit_out
        what_is_deleted_there_is_withdrawn_here
        our_own_deletion_is_confirmed_by_its_echo
        what_is_lost_there_is_sent_again
        a_row_of_the_same_key_is_adopted_unless_ours_stands_there
        a_row_of_the_same_key_is_refused_once_ours_may_stand_there
        what_is_no_record_is_kept_among_the_rejects_until_it_is
        what_was_withdrawn_while_a_flow_had_it_in_hand_is_deleted_there
        absence_is_not_deletion
        a_withdrawal_where_a_flow_fetches_leaves_its_deletion_in_line
        what_stands_there_as_it_was_before_our_newest_write_is_sent_again
        what_was_read_under_a_loan_that_is_over_is_not_taken
        a_page_is_decided_in_its_order
        rows_of_one_record_are_decided_at_once
        a_deletion_does_not_say_whose_the_row_was
        a_full_read_must_meet_what_stands_there
    }
    policies {
        a_daily_record_is_sent_at_midnight_as_it_is_then
        what_is_never_sent_is_kept_and_counted
    }
    records {
        a_record_is_stored_once_and_known_again
        an_array_is_decided_in_order
        a_correction_keeps_what_was_and_asks_for_the_revision
        a_correction_without_a_time_keeps_the_stored_time
        a_change_that_reaches_no_row_is_an_error_and_nothing_of_it_is_kept
        a_withdrawn_record_stays_gone
        what_is_not_there_is_not_found
        the_newest_name_of_a_campaign_stands
        names_come_in_the_order_of_their_bytes
        names_are_found_by_id_and_else_by_what_they_contain
        every_request_moves_the_changes_once_it_is_on_disk
        what_was_answered_is_there_after_reopening
        a_closed_ledger_says_so
    }
    whole { what_was_written_since_it_was_read_back_is_taken }
    spending { what_is_spent_is_kept_by_the_hour }
}
