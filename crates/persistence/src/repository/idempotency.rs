use std::error::Error;
use std::sync::Arc;

use byline_application::idempotency::Recorded;
use byline_application::{Digest, IdempotencyRepository, RepositoryError};
use byline_domain::Timestamp;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{DieselSession, dialect};
use crate::schema::idempotency_keys;

impl IdempotencyRepository for DieselSession<'_> {
    fn insert(
        &mut self,
        key: &Digest,
        fingerprint: &Digest,
        now: Timestamp,
    ) -> Result<(), RepositoryError> {
        self.change(|connection| {
            diesel::insert_into(idempotency_keys::table)
                .values((
                    idempotency_keys::key_hash.eq(key.as_bytes().as_slice()),
                    idempotency_keys::fingerprint.eq(fingerprint.as_bytes().as_slice()),
                    idempotency_keys::created_at.eq(now.as_micros()),
                ))
                .execute(connection)
        })?;
        Ok(())
    }

    fn find(&mut self, key: &Digest) -> Result<Option<Recorded>, RepositoryError> {
        let row = self.run(|connection| {
            idempotency_keys::table
                .find(key.as_bytes().as_slice())
                .select((idempotency_keys::fingerprint, idempotency_keys::answer))
                .first::<(Vec<u8>, Option<Vec<u8>>)>(connection)
                .optional()
        })?;
        row.map(|(fingerprint, answer)| {
            let fingerprint = <[u8; Digest::LENGTH]>::try_from(fingerprint)
                .map_err(|_| fault("a fingerprint is no SHA-256"))?;
            Ok(Recorded {
                fingerprint: fingerprint.into(),
                answer,
            })
        })
        .transpose()
    }

    fn record(&mut self, key: &Digest, answer: &[u8]) -> Result<(), RepositoryError> {
        let rows = self.change(|connection| {
            diesel::update(idempotency_keys::table.find(key.as_bytes().as_slice()))
                .set(idempotency_keys::answer.eq(answer))
                .execute(connection)
        })?;
        match rows {
            1 => Ok(()),
            _ => Err(fault(
                "an answer was recorded under a key that is not there",
            )),
        }
    }

    fn sweep(&mut self, before: Timestamp, most: u16) -> Result<u16, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::sql_query(dialect::DELETE_OLD_KEYS)
                .bind::<BigInt, _>(before.as_micros())
                .bind::<BigInt, _>(i64::from(most))
                .execute(connection)
        })?;
        Ok(u16::try_from(rows).unwrap_or(most))
    }
}

pub(super) fn fault(text: &str) -> RepositoryError {
    let cause: Box<dyn Error + Send + Sync> = text.into();
    RepositoryError::Fault(Arc::from(cause))
}
