//! Rows with several parents, some of which the batch creates.

use super::*;
use crate::fixtures::{ReplyFields, reply, store_replies};

const POST: CreatedParent = CreatedParent {
    relation: ReplyFields::POST,
    operation: 0,
};
const AUTHOR: CreatedParent = CreatedParent {
    relation: ReplyFields::AUTHOR,
    operation: 1,
};

/// Runs `write` of a reply as operation 2, after post 21 and user 11 were created.
fn run_third(write: &Write<ReplyFields>) -> Result<OperationOutcome, AppError> {
    let mut session = session_over(users(), posts());
    let mut batch = Batch {
        session: &mut session,
        principal: Principal::unrestricted(),
        now: at(5),
        outcomes: vec![Some(created(post_id(21))), Some(created(user_id(11))), None],
    };
    write.run(&mut batch)
}

#[test]
fn each_relation_gets_the_row_that_its_operation_created() {
    for (parents, expected) in [
        (vec![], reply(7, 1)),
        (vec![POST], reply(21, 1)),
        (vec![AUTHOR], reply(7, 11)),
        (vec![AUTHOR, POST], reply(21, 11)),
    ] {
        store_replies(|replies| {
            replies.expect_insert().returning(|new, now| {
                // The id tells which parents the new reply has.
                let id = new.post_id.get() * 100 + new.user_id.get();
                Ok(new.clone().created(Id::try_from(id).unwrap(), now))
            });
        });
        let outcome = run_third(&Write::Create {
            fields: reply(7, 1),
            parents,
        });
        let id = expected.post_id.get() * 100 + expected.user_id.get();
        let id = Id::<ReplyFields>::try_from(id).unwrap();
        assert_eq!(outcome.unwrap(), created(id));
    }
}

#[test]
fn a_change_gets_the_parents_that_the_batch_created() {
    store_replies(|replies| {
        let stored = reply(7, 1).created(Id::try_from(3).unwrap(), at(1));
        replies.expect_find().return_const(Ok(Some(stored)));
        replies
            .expect_update()
            .withf(|changed, _| changed.fields == reply(21, 11))
            .return_const(Ok(true));
    });
    let outcome = run_third(&Write::Update {
        id: Id::try_from(3).unwrap(),
        change: <ReplyFields as Entity>::Change::default(),
        parents: vec![POST, AUTHOR],
        precondition: Precondition::None,
    });
    assert!(matches!(outcome.unwrap().effect, Effect::Updated(_)));
}

#[test]
fn a_parent_of_the_wrong_entity_is_a_bug() {
    let user_as_post = CreatedParent {
        operation: 1,
        ..POST
    };
    let later = CreatedParent {
        operation: 2,
        ..POST
    };
    for parent in [user_as_post, later] {
        let outcome = run_third(&Write::Create {
            fields: reply(7, 1),
            parents: vec![AUTHOR, parent],
        });
        assert!(matches!(outcome, Err(AppError::Internal(_))), "{outcome:?}");
    }
}
