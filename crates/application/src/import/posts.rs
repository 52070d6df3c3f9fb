use std::collections::{BTreeMap, BTreeSet};

use byline_domain::{Post, PostId, UserId, Version};

use super::{BatchOutcome, ImportCounts, Numbering, OnConflict, RowError, Step, Task};
use super::{advance, already_handled, check_version, count, raced};
use crate::{AppError, PostRecord, RepositoryError, Session};

/// Stores a batch of posts.
///
/// # Errors
///
/// Those of the repositories; nothing is stored then.
pub fn posts(
    session: &mut dyn Session,
    task: &Task,
    batch: &[PostRecord],
    step: &Step,
) -> Result<BatchOutcome, AppError> {
    if let Some(outcome) = already_handled(session, task, step)? {
        return Ok(outcome);
    }
    let authors = authors(session, task, batch)?;
    let there = match task.numbering {
        Numbering::Anew => Vec::new(),
        Numbering::Kept => {
            let ids = batch.iter().filter_map(|new| new.id).collect();
            session.bulk().find_conflicting_posts(&ids)?
        }
    };
    let mut plan = PostImportPlan::new(task, there);
    for (index, new) in batch.iter().enumerate() {
        match authors.get(&new.user_id) {
            Some(&author) => {
                if let Err(refusal) = plan.add(new, author) {
                    plan.refused.push((index, refusal));
                }
            }
            None => plan.refused.push((index, RowError::NoAuthor(new.user_id))),
        }
    }
    if !plan.refused.is_empty() {
        return Ok(BatchOutcome::Refused(plan.refused));
    }
    let tally = plan.tally();
    plan.carry_out(session)?;
    advance(session, task, step)?;
    Ok(BatchOutcome::Stored(tally))
}

/// The users who wrote the posts, by the ids that the posts name.
fn authors(
    session: &mut dyn Session,
    task: &Task,
    batch: &[PostRecord],
) -> Result<BTreeMap<UserId, UserId>, RepositoryError> {
    let named: BTreeSet<UserId> = batch.iter().map(|new| new.user_id).collect();
    let meant = match task.authors {
        Some(import) => session.imports().noted_ids(import, &named)?,
        None => named.into_iter().map(|id| (id, id)).collect(),
    };
    let ids = meant.values().copied().collect();
    let existing = session.bulk().existing_users(&ids)?;
    let meant = meant.into_iter().filter(|(_, id)| existing.contains(id));
    Ok(meant.collect())
}

/// What is to be done for a batch, row after row as if each were alone.
struct PostImportPlan {
    kept: bool,
    on_conflict: OnConflict,
    there: Vec<ExistingPost>,
    fresh: Vec<PostRecord>,
    by_id: BTreeMap<PostId, PostSlot>,
    refused: Vec<(usize, RowError)>,
    skipped: usize,
    updated: usize,
}

/// A post that is stored.
struct ExistingPost {
    post: Post,
    /// The version that it is stored in, if it is to be changed.
    from: Option<Version>,
}

/// Where a post is that a row may be in conflict with.
#[derive(Clone, Copy)]
enum PostSlot {
    There(usize),
    Fresh(usize),
}

impl PostImportPlan {
    fn new(task: &Task, there: Vec<Post>) -> Self {
        let places = (0..).map(PostSlot::There).zip(&there);
        Self {
            kept: task.numbering == Numbering::Kept,
            on_conflict: task.on_conflict,
            by_id: places.map(|(place, post)| (post.id, place)).collect(),
            there: there
                .into_iter()
                .map(|post| ExistingPost { post, from: None })
                .collect(),
            fresh: Vec::new(),
            refused: Vec::new(),
            skipped: 0,
            updated: 0,
        }
    }

    fn add(&mut self, new: &PostRecord, author: UserId) -> Result<(), RowError> {
        let new = PostRecord {
            user_id: author,
            ..new.clone()
        };
        if !self.kept {
            check_version(new.version)?;
            self.fresh.push(new);
            return Ok(());
        }
        let id = new.id.ok_or(RowError::NoId)?;
        match (self.by_id.get(&id).copied(), self.on_conflict) {
            (None, _) => {
                check_version(new.version)?;
                if id > PostId::MAX_IMPORTED {
                    return Err(RowError::IdTooHigh);
                }
                self.by_id.insert(id, PostSlot::Fresh(self.fresh.len()));
                self.fresh.push(new);
            }
            (Some(_), OnConflict::Fail) => return Err(RowError::PostTaken(id)),
            (Some(_), OnConflict::Skip) => self.skipped += 1,
            (Some(same), OnConflict::Update) => self.overwrite(same, new)?,
        }
        Ok(())
    }

    fn overwrite(&mut self, same: PostSlot, new: PostRecord) -> Result<(), RowError> {
        match same {
            PostSlot::Fresh(at) => {
                check_version(new.version)?;
                if let Some(fresh) = self.fresh.get_mut(at) {
                    *fresh = new;
                }
                self.updated += 1;
            }
            PostSlot::There(at) => {
                let Some(ExistingPost { post, from }) = self.there.get_mut(at) else {
                    return Ok(());
                };
                let same = post.user_id == new.user_id
                    && post.title == new.title
                    && post.content == new.content;
                if same {
                    self.skipped += 1;
                    return Ok(());
                }
                check_version(new.version)?;
                let version = post.version.next()?.max(new.version);
                from.get_or_insert(post.version);
                post.user_id = new.user_id;
                post.title = new.title;
                post.content = new.content;
                post.updated_at = post.updated_at.max(new.updated_at);
                post.version = version;
                self.updated += 1;
            }
        }
        Ok(())
    }

    fn tally(&self) -> ImportCounts {
        ImportCounts {
            inserted: count(self.fresh.len()),
            updated: count(self.updated),
            skipped: count(self.skipped),
        }
    }

    fn carry_out(self, session: &mut dyn Session) -> Result<(), AppError> {
        for ExistingPost { post, from } in &self.there {
            if let Some(from) = *from
                && !session.posts().update(post, from).map_err(raced)?
            {
                return Err(AppError::Contention(None));
            }
        }
        if self.kept {
            let fresh = self.fresh.into_iter();
            let fresh: Vec<_> = fresh
                .filter_map(|new| new.id.map(|id| new.under(id)))
                .collect();
            session.bulk().insert_posts(&fresh).map_err(raced)?;
        } else {
            session
                .bulk()
                .insert_posts_with_new_ids(&self.fresh)
                .map_err(raced)?;
        }
        Ok(())
    }
}
