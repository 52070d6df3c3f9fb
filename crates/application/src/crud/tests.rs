//! What holds for the rows of every entity. What is special to one is tested beside it.

use byline_domain::policy::{Denial, Principal};
use byline_domain::{Entity, Stored, Version};
use mockall::predicate::eq;

use super::*;
use crate::fixtures::{
    Sample, all_but, assert_conflict, assert_denied, assert_failures_pass, assert_not_found,
    assert_precondition_failed, assert_runs_again, at, caller, session_of, that_delete, that_find,
    that_lock, that_update, version,
};
use crate::{MockRepository, MockSession};

/// Stamps generic tests, each once for every entity.
macro_rules! for_each_entity {
    (@of $tests:tt $($variant:ident $entity:ident,)+) => {
        $(for_each_entity!(@mod $variant $entity $tests);)+
    };
    (@mod $variant:ident $entity:ident [$($test:ident)+]) => {
        mod $variant {
            $(
                #[test]
                fn $test() {
                    super::$test::<byline_domain::$entity>();
                }
            )+
        }
    };
    ($($test:ident)+) => {
        byline_domain::entities!(for_each_entity! @of [$($test)+]);
    };
}

mod changes;
mod creations;
mod deletions;
mod lists;
mod reads;
mod relations;
