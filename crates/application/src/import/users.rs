use std::collections::{BTreeMap, BTreeSet, HashMap};

use byline_domain::{User, UserId, Version};

use super::{BatchOutcome, ImportCounts, Numbering, OnConflict, RowError, Step, Task};
use super::{advance, already_handled, check_version, count, raced};
use crate::{AppError, Session, UserRecord};

/// Stores a batch of users.
///
/// # Errors
///
/// Those of the repositories; nothing is stored then.
pub fn users(
    session: &mut dyn Session,
    task: &Task,
    batch: &[UserRecord],
    step: &Step,
) -> Result<BatchOutcome, AppError> {
    if let Some(outcome) = already_handled(session, task, step)? {
        return Ok(outcome);
    }
    let kept = task.numbering == Numbering::Kept;
    let ids: BTreeSet<_> = batch
        .iter()
        .filter(|_| kept)
        .filter_map(|new| new.id)
        .collect();
    let emails = batch.iter().map(|new| new.email.key()).collect();
    let there = session.bulk().find_conflicting_users(&ids, &emails)?;
    let mut plan = UserImportPlan::new(task, there);
    for (index, new) in batch.iter().enumerate() {
        plan.add(index, new);
    }
    if !plan.refused.is_empty() {
        return Ok(BatchOutcome::Refused(plan.refused));
    }
    let tally = plan.tally();
    plan.carry_out(session, task)?;
    advance(session, task, step)?;
    Ok(BatchOutcome::Stored(tally))
}

/// What is to be done for a batch, row after row as if each were alone.
struct UserImportPlan {
    kept: bool,
    on_conflict: OnConflict,
    there: Vec<ExistingUser>,
    fresh: Vec<UserRecord>,
    by_id: BTreeMap<UserId, UserSlot>,
    by_email: HashMap<String, UserSlot>,
    refused: Vec<(usize, RowError)>,
    skipped: usize,
    updated: usize,
    /// Which users the rows stand for that have ids which are not kept.
    given_ids: Vec<(UserId, UserSlot)>,
}

/// A user who is stored.
struct ExistingUser {
    user: User,
    /// The version that it is stored in, if it is to be changed.
    from: Option<Version>,
}

/// Where a user is that a row may be in conflict with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UserSlot {
    There(usize),
    Fresh(usize),
}

impl UserImportPlan {
    fn new(task: &Task, there: Vec<User>) -> Self {
        let places = || (0..).map(UserSlot::There).zip(&there);
        Self {
            kept: task.numbering == Numbering::Kept,
            on_conflict: task.on_conflict,
            by_id: places().map(|(place, user)| (user.id, place)).collect(),
            by_email: places()
                .map(|(place, user)| (user.email.key(), place))
                .collect(),
            there: there
                .into_iter()
                .map(|user| ExistingUser { user, from: None })
                .collect(),
            fresh: Vec::new(),
            refused: Vec::new(),
            skipped: 0,
            updated: 0,
            given_ids: Vec::new(),
        }
    }

    fn add(&mut self, index: usize, new: &UserRecord) {
        if let Err(refusal) = self.place(index, new) {
            self.refused.push((index, refusal));
        }
    }

    fn place(&mut self, index: usize, new: &UserRecord) -> Result<(), RowError> {
        let by_id = match new.id {
            None if self.kept => return Err(RowError::NoId),
            Some(id) if self.kept => self.by_id.get(&id).copied(),
            _ => None,
        };
        let by_email = self.by_email.get(&new.email.key()).copied();
        let same = match (by_id, by_email) {
            (None, None) => return self.insert(new),
            (Some(same), None) => same,
            (Some(same), Some(other)) if same == other => same,
            (None, Some(same)) if !self.kept => same,
            // Two users stand in the way, or another than the one with the id.
            (_, Some(other)) => {
                self.refuse_email(index, other);
                return Ok(());
            }
        };
        match self.on_conflict {
            OnConflict::Fail => self.refuse(index, same, by_id.is_some()),
            OnConflict::Skip => {
                self.skipped += 1;
                self.note_id(new, same);
            }
            OnConflict::Update => {
                self.overwrite(same, new)?;
                self.note_id(new, same);
            }
        }
        Ok(())
    }

    fn insert(&mut self, new: &UserRecord) -> Result<(), RowError> {
        check_version(new.version)?;
        if self.kept && new.id > Some(UserId::MAX_IMPORTED) {
            return Err(RowError::IdTooHigh);
        }
        let place = UserSlot::Fresh(self.fresh.len());
        if let (true, Some(id)) = (self.kept, new.id) {
            self.by_id.insert(id, place);
        }
        self.by_email.insert(new.email.key(), place);
        self.note_id(new, place);
        self.fresh.push(new.clone());
        Ok(())
    }

    /// Refuses a row whose address belongs to somebody else, unless such rows
    /// are left out.
    fn refuse_email(&mut self, index: usize, other: UserSlot) {
        if self.on_conflict == OnConflict::Skip {
            self.skipped += 1;
        } else {
            self.refuse(index, other, false);
        }
    }

    fn refuse(&mut self, index: usize, same: UserSlot, by_id: bool) {
        let id = match same {
            UserSlot::There(at) => self.there.get(at).map(|there| there.user.id),
            UserSlot::Fresh(at) if self.kept => self.fresh.get(at).and_then(|fresh| fresh.id),
            UserSlot::Fresh(_) => None,
        };
        let refusal = match id {
            Some(id) if by_id => RowError::UserTaken(id),
            Some(id) => RowError::EmailTaken(id),
            None => RowError::EmailRepeated,
        };
        self.refused.push((index, refusal));
    }

    fn overwrite(&mut self, same: UserSlot, new: &UserRecord) -> Result<(), RowError> {
        match same {
            UserSlot::Fresh(at) => {
                check_version(new.version)?;
                if let Some(fresh) = self.fresh.get_mut(at) {
                    self.by_email.remove(&fresh.email.key());
                    self.by_email.insert(new.email.key(), same);
                    let id = fresh.id;
                    *fresh = UserRecord { id, ..new.clone() };
                }
                self.updated += 1;
            }
            UserSlot::There(at) => {
                let Some(ExistingUser { user, from }) = self.there.get_mut(at) else {
                    return Ok(());
                };
                if user.name == new.name && user.email == new.email {
                    self.skipped += 1;
                    return Ok(());
                }
                check_version(new.version)?;
                let version = user.version.next()?.max(new.version);
                self.by_email.remove(&user.email.key());
                self.by_email.insert(new.email.key(), same);
                from.get_or_insert(user.version);
                user.name = new.name.clone();
                user.email = new.email.clone();
                user.updated_at = user.updated_at.max(new.updated_at);
                user.version = version;
                self.updated += 1;
            }
        }
        Ok(())
    }

    fn note_id(&mut self, new: &UserRecord, place: UserSlot) {
        if let (false, Some(given)) = (self.kept, new.id) {
            self.given_ids.push((given, place));
        }
    }

    fn tally(&self) -> ImportCounts {
        ImportCounts {
            inserted: count(self.fresh.len()),
            updated: count(self.updated),
            skipped: count(self.skipped),
        }
    }

    /// Changes before insertions: an address that a change gives up may be that
    /// of a new user.
    fn carry_out(self, session: &mut dyn Session, task: &Task) -> Result<(), AppError> {
        for ExistingUser { user, from } in &self.there {
            if let Some(from) = *from
                && !session.users().update(user, from).map_err(raced)?
            {
                return Err(AppError::Contention(None));
            }
        }
        if self.kept {
            let fresh = self.fresh.into_iter();
            let fresh: Vec<_> = fresh
                .filter_map(|new| new.id.map(|id| new.under(id)))
                .collect();
            return session.bulk().insert_users(&fresh).map_err(raced);
        }
        let anew = session.bulk().insert_users_with_new_ids(&self.fresh);
        let anew = anew.map_err(raced)?;
        let stored = |place| match place {
            UserSlot::There(at) => self.there.get(at).map(|there| there.user.id),
            UserSlot::Fresh(at) => anew.get(at).copied(),
        };
        let ids = self.given_ids.iter();
        let ids: Vec<_> = ids
            .filter_map(|&(given, place)| Some((given, stored(place)?)))
            .collect();
        if !ids.is_empty() {
            session.imports().note_ids(task.id, &ids)?;
        }
        Ok(())
    }
}
