//! What the ports promise.

pub(crate) mod bulk;
pub(crate) mod idempotency;
pub(crate) mod identities;
pub(crate) mod imports;
pub(crate) mod keys;
pub(crate) mod lists;
pub(crate) mod posts;
pub(crate) mod sessions;
pub(crate) mod users;
pub(crate) mod walks;

/// A test for each promise, on the engine of `$fixture`.
macro_rules! contract_suite {
    ($fixture:ty) => {
        $crate::contract::contract_suite!(@ $fixture, users:
            finds_what_it_stored,
            finds_nothing_under_other_ids,
            keeps_text_as_it_is,
            keeps_microseconds,
            counts_code_points,
            refuses_an_email_that_differs_in_case_only,
            tells_emails_apart_that_differ_in_more,
            lets_the_session_go_on_after_a_duplicate,
            updates_the_version_it_was_told,
            updates_to_its_own_email_in_another_case,
            refuses_an_update_to_a_taken_email,
            deletes_the_version_it_was_told,
            keeps_a_user_who_has_posts,
            deletes_a_user_whose_posts_keep_coming,
            never_gives_an_id_twice,
            stores_many_in_their_order,
            stores_all_or_none,
        );
        $crate::contract::contract_suite!(@ $fixture, posts:
            finds_what_it_stored,
            keeps_text_as_it_is,
            keeps_the_longest_content,
            refuses_a_missing_author,
            updates_the_version_it_was_told,
            refuses_an_update_to_a_missing_author,
            deletes_the_version_it_was_told,
            deletes_all_of_one_author,
            stores_many_in_their_order,
            stores_all_or_none,
        );
        $crate::contract::contract_suite!(@ $fixture, lists:
            orders_users_by_id,
            orders_users_by_name,
            orders_users_by_email,
            orders_users_by_time,
            finds_an_email_in_every_order,
            orders_posts_by_id,
            orders_posts_by_title,
            orders_posts_by_time,
            finds_users_by_their_ids,
            survives_positions_that_no_row_can_have,
        );
        $crate::contract::contract_suite!(@ $fixture, walks:
            see_every_lasting_user_once,
            see_every_lasting_post_once,
        );
        $crate::contract::contract_suite!(@ $fixture, idempotency:
            finds_what_it_stored,
            tells_an_empty_answer_from_none,
            refuses_a_key_that_is_there,
            forgets_a_key_whose_session_is_undone,
            records_under_no_key_but_its_own,
            sweeps_the_oldest_and_no_more_than_it_was_told,
            lets_one_of_many_with_a_key_have_an_effect,
        );
        $crate::contract::contract_suite!(@ $fixture, bulk:
            gives_no_id_beyond_the_last,
            stores_users_as_they_are,
            stores_posts_as_they_are,
            goes_through_all_rows_in_order,
            finds_rows_alike_each_once,
            refuses_what_has_no_place,
            numbers_rows_anew,
            gives_no_id_that_is_retired,
        );
        $crate::contract::contract_suite!(@ $fixture, imports:
            begins_at_the_beginning,
            moves_on_from_where_it_stands,
            lists_those_that_have_come_somewhere,
            remembers_ids_until_it_forgets_them,
        );
        $crate::contract::contract_suite!(@ $fixture, keys:
            finds_what_it_stored,
            refuses_a_missing_user,
            lists_the_oldest_first,
            revokes_once_and_for_good,
            keeps_the_latest_use,
            ends_with_the_user,
            lets_no_write_slip_through_beside_a_revocation,
        );
        $crate::contract::contract_suite!(@ $fixture, identities:
            finds_what_it_linked,
            links_one_to_one,
            links_to_nobody_who_is_missing,
            remembers_that_the_user_was_deleted,
            forgets_what_it_is_told_to,
        );
        $crate::contract::contract_suite!(@ $fixture, sessions:
            commits_what_succeeds,
            undoes_what_fails,
            undoes_a_rehearsal,
            sees_its_own_changes,
            runs_a_lost_conflict_again,
            gives_up_after_a_few_conflicts,
            survives_a_panic,
            does_not_run_what_is_too_late,
            cannot_write_while_reading,
            creates_one_row,
            changes_nothing_but_one_row_in_a_creation,
            lets_one_of_many_creations_win_an_email,
            commits_nothing_after_a_swallowed_error,
            sees_one_moment_in_a_snapshot,
            lets_one_of_many_win_an_email,
        );
    };
    (@ $fixture:ty, $module:ident: $($test:ident,)+) => {
        mod $module {
            use $crate::support::Fixture;
            $(
                #[test]
                fn $test() {
                    let Some(fixture) = <$fixture>::available() else { return };
                    $crate::contract::$module::$test(&*fixture.store());
                }
            )+
        }
    };
}
pub(crate) use contract_suite;
