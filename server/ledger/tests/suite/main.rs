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
mod panel;
mod people;
mod policies;
mod records;
mod rollups;
mod schema;
mod service_keys;
mod share_links;
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
        leases_are_shared_between_tenants
        the_oldest_is_leased_first
        the_oldest_is_read_back_first
        heavy_records_travel_in_small_leases
        every_value_survives_storage
        each_record_without_an_identity_is_another
    });
    suite!(in_a_database, Database, Keyed: kinds {
        leases_are_shared_between_tenants
        the_oldest_is_leased_first
        the_oldest_is_read_back_first
        heavy_records_travel_in_small_leases
        every_value_survives_storage
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
        wrong_counts_are_said_and_mended
        old_hours_and_receipts_are_compacted
    }
    behind { rows_there_win_over_waiting_ones }
    clocks {
        records_from_ahead_are_leased_too
        starts_do_not_wait_for_wrong_times
        leases_do_not_outlast_clock_changes
        cursors_do_not_outlast_clock_changes
        waiting_survives_clock_changes
        an_acknowledgement_bears_the_store_s_time
        future_times_delay_no_row
        handed_back_records_stay_due
    }
    delivery {
        leased_records_are_not_leased_twice
        delivered_records_leave_the_outbox
        late_parcels_are_passed_over
        the_newest_state_is_sent_last
        a_correction_before_delivery_is_sent_alone
        withdrawn_deliveries_are_deleted_there
        possibly_sent_records_are_deleted_there
        dead_letters_wait_with_their_reason
        a_correction_brings_a_dead_letter_back
        a_failed_attempt_is_counted_and_waits
        handed_back_records_keep_their_place
        postponed_records_let_others_pass
        old_leases_are_recognised
        a_lease_is_shared_between_tenants
        read_back_confirms_current_state_once
        unconfirmed_records_come_in_pages
    }
    hours {
        each_hour_has_its_balance
        an_hour_is_shown_for_two_days
        what_is_archived_is_accounted_for
    }
    identity {
        the_first_claim_holds
        adopted_records_wait_again
        mirrored_records_are_adopted_too
        dropped_corrections_count_once_after_adoption
    }
    imported { imported_records_wait_for_their_row }
    interleaving { interleaved_writes_lose_nothing } { nothing_is_ever_unaccounted_for }
    letters {
        a_letter_shows_the_exchange
        nul_characters_are_left_out
        mended_letters_are_sent_with_a_name
        dropped_letters_stay_unsent
        all_letters_are_sent_again_at_once
    }
    lists {
        lists_are_newest_first
        lists_begin_with_the_oldest_on_demand
        pages_stay_stable_during_intake
        the_last_page_has_no_next
        filters_and_times_narrow_a_list
        tenants_do_not_see_each_other
    }
    cursors {
        a_cursor_has_one_holder
        a_question_is_asked_once_and_answered
    }
    mirror {
        an_echo_confirms_once
        foreign_rows_keep_their_id
        an_edit_there_replaces_what_is_here
        pages_older_than_our_write_decide_nothing
        old_versions_are_no_late_echo
        newer_changes_here_win
        what_is_deleted_there_is_withdrawn_here
        our_deletions_are_confirmed
        what_is_lost_there_is_sent_again
        same_key_rows_are_matched
        same_key_rows_beside_ours_are_refused
        rows_met_on_their_way_are_looked_at_again
        rejects_are_kept_until_valid
        flows_late_deliveries_are_deleted
        absence_is_not_deletion
        flow_withdrawals_keep_their_deletion
        lost_writes_are_sent_again
        reads_under_ended_leases_are_refused
        a_page_is_decided_in_its_order
        one_records_rows_are_decided_together
        deletions_find_their_tenant
        full_reads_list_what_they_must_meet
    }
    people {
        people_are_kept_by_name
        sessions_end
    }
    share_links {
        links_are_kept_by_tenant
    }
    service_keys {
        keys_are_kept_by_name
    }
    panel {
        notes_are_kept_by_day
        a_tenant_has_some_notes_at_most
        a_budget_is_set_and_cleared
    }
    policies {
        daily_records_are_sent_at_midnight
        undelivered_kinds_are_kept_and_counted
    }
    records {
        records_are_stored_once
        an_array_is_decided_in_order
        corrections_keep_history_and_check_revisions
        corrections_keep_the_stored_time
        changes_without_a_row_fail_whole
        a_withdrawn_record_stays_gone
        what_is_not_there_is_not_found
        the_newest_name_of_a_campaign_stands
        names_are_sorted_by_bytes
        names_are_found_by_id_or_part
        durable_requests_notify_watchers
        what_was_answered_is_there_after_reopening
        a_closed_ledger_says_so
    }
    whole { later_writes_there_are_taken }
    rollups { each_tenants_rollups_are_made } { rollups_are_made_anew_amid_changes }
    spending { spending_is_kept_by_hour }
}
