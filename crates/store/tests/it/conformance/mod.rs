//! One suite for every engine: each function is given a place where a store can be opened, again and again.

pub(crate) mod audit_stream;
pub(crate) mod directory;
pub(crate) mod ledger;
pub(crate) mod listing;
pub(crate) mod opening;
pub(crate) mod refusals;
pub(crate) mod revocations;
pub(crate) mod signing_keys;
pub(crate) mod spending;

/// Makes a test of each function, for one kind of place.
macro_rules! on {
    ($engine:ident: $($module:ident { $($name:ident)* })*) => {
        mod $engine {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$module::$name(&crate::support::$engine()).await;
                }
            )*)*
        }
    };
}

/// The suite, on each engine. `scripts/test` checks that both have as many tests.
macro_rules! on_all {
    ($($suite:tt)*) => {
        on! { sqlite: $($suite)* }
        #[cfg(feature = "test-postgres")]
        on! { postgres: $($suite)* }
    };
}

on_all! {
    opening {
        a_store_that_is_opened_again_keeps_what_was_written
        a_store_that_is_open_can_be_opened_once_more
        many_servers_that_start_at_once_on_a_new_store_all_start
        a_store_takes_a_write_when_it_is_asked_how_it_is
        a_closed_store_takes_and_gives_nothing
        closing_writes_what_waits
        a_database_of_version_1_is_brought_up_and_keeps_what_it_holds
    }
    ledger {
        a_success_is_there_after_reopening_with_all_that_was_recorded
        an_exchange_that_was_never_made_is_not_shown
        any_text_survives
        what_is_not_known_stays_unknown
        an_exchange_with_a_nul_in_any_column_is_refused_and_leaves_nothing
        an_exchange_that_breaks_a_constraint_leaves_nothing_and_spends_nothing
        a_bad_exchange_fails_alone_in_its_batch
        old_exchanges_are_forgotten_in_steps_with_their_credentials_and_what_is_spent_stays
    }
    spending {
        a_second_use_is_refused_with_who_was_first_and_recorded
        a_spent_token_stays_spent_after_reopening
        a_token_that_may_be_used_again_may_be_used_again
        a_token_is_refused_if_either_use_says_once
        asking_who_was_first_spends_nothing
        keys_are_compared_whole
        fifty_uses_at_once_give_one_success_and_forty_nine_recorded_refusals
        two_servers_that_race_for_a_token_give_it_once
        two_servers_that_spend_many_tokens_in_opposite_orders_do_not_stop_each_other
        a_sweep_forgets_in_chunks_and_only_what_is_past
    }
    refusals {
        a_refusal_is_written_with_the_next_commit
        a_refusal_spends_no_token
        many_refusals_are_all_written
        a_refusal_of_what_is_recorded_as_a_success_changes_nothing_and_fails_nobody
        a_refusal_that_cannot_be_written_is_counted_and_fails_nobody
    }
    listing {
        exchanges_are_listed_newest_first_and_in_pages
        exchanges_are_listed_oldest_first_from_one_on
        a_list_has_the_credentials_of_each_exchange_and_no_others
        what_is_far_away_among_others_is_found_in_either_order
        exchanges_are_filtered_by_each_property_and_by_all
    }
    directory {
        an_account_is_one_by_issuer_and_external_id
        a_project_keeps_its_id_and_configuration_when_it_is_recorded_again
        a_project_belongs_to_an_account_that_exists
        a_project_is_shown_with_the_account_that_owns_it
        a_project_changes_its_standing_and_configuration
        projects_are_listed_in_pages
        projects_are_found_by_path_though_several_have_it
        two_servers_that_record_one_project_at_once_record_one
    }
    revocations {
        a_revocation_is_found_by_its_subject_alone_and_by_every_server_at_once
        of_two_revocations_of_one_subject_the_later_moments_stay
        a_revocation_is_forgotten_when_it_hits_nothing_any_more_and_in_chunks
    }
    audit_stream {
        a_stream_gives_every_exchange_once_in_pages_and_in_the_order_of_commits
        a_stream_that_begins_now_gives_what_comes_and_nothing_before
        one_server_delivers_and_another_takes_over_where_nothing_moves
        who_is_no_longer_the_holder_moves_nothing
        what_was_not_delivered_is_forgotten_late_and_counted
        a_place_whose_exchange_is_gone_is_seen_and_goes_back_in_time
        the_lag_is_what_was_not_delivered
        a_step_of_removal_is_full_though_the_oldest_is_where_the_stream_is
        a_stream_reads_at_once_what_has_few_bytes_and_one_that_has_more_alone
        what_was_there_before_the_order_was_kept_is_not_all_sent_again
        an_exchange_that_cannot_be_read_is_named_and_the_others_are_given
    }
    signing_keys {
        of_servers_that_start_at_once_one_writes_the_first_key
        of_servers_that_rotate_at_once_one_writes_the_successor
        a_key_comes_back_as_it_was_written
        keys_are_revoked_sealed_anew_and_removed
        a_change_of_keys_that_are_not_as_they_were_read_changes_nothing
    }
}
