//! Makes up rows, the same ones for the same seed.

use std::collections::BTreeMap;

use byline_application::Resource;
use byline_domain::{
    Content, EmailAddress, Entity, Id, PostFields, Timestamp, Title, UserFields, UserName,
};
use deunicode::deunicode;
use fake::Fake;
use fake::faker::address::en::CityName;
use fake::faker::company::en::CatchPhrase;
use fake::faker::name::raw::Name;
use fake::locales::{DE_DE, EN, FA_IR, FR_FR, JA_JP, PT_BR, TR_TR, ZH_CN};
use fake::rand::SeedableRng;
use fake::rand::rngs::ChaCha8Rng;
use fake::rand::seq::IndexedRandom;

use crate::failure::Failure;

/// When the first user was created: 2025-01-01T00:00:00Z, in microseconds.
/// A fixed moment, so that times are the same in every database too.
const BEGINNING: i64 = 1_735_689_600_000_000;

/// Between two rows, in microseconds.
const STEP: i64 = 1_000_000;

/// Makes up rows, each created a second after the last.
pub(super) struct SeedWriter {
    seed: u64,
    random: ChaCha8Rng,
    rows: i64,
    /// The ids of rows that are stored, by the names of their entities.
    parents: BTreeMap<&'static str, Vec<i64>>,
}

/// An entity whose rows are made up.
pub(super) trait MadeUp: Resource {
    /// Makes up the fields of a row.
    fn make_up(writer: &mut SeedWriter) -> Result<Self, Failure>;
}

impl SeedWriter {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            random: ChaCha8Rng::seed_from_u64(seed),
            rows: 0,
            parents: BTreeMap::new(),
        }
    }

    /// Returns the next `count` rows, and when each was created.
    pub(super) fn rows<E: MadeUp>(&mut self, count: u32) -> Result<Vec<(E, Timestamp)>, Failure> {
        (0..count)
            .map(|_| Ok((E::make_up(self)?, self.now()?)))
            .collect()
    }

    /// Adds rows that children may have as parents.
    pub(super) fn add_parents<E: Entity>(&mut self, ids: &[Id<E>]) {
        let parents = self.parents.entry(E::NAME).or_default();
        parents.extend(ids.iter().map(|id| id.get()));
    }

    /// Picks a parent.
    fn parent<E: Entity>(&mut self) -> Result<Id<E>, Failure> {
        let ids = self.parents.get(E::NAME);
        let id = ids.and_then(|ids| ids.choose(&mut self.random));
        let id = id.and_then(|id| Id::try_from(*id).ok());
        id.ok_or_else(|| Failure::Unfit("there is no parent".into()))
    }

    /// Makes up a name as people have them somewhere in the world.
    fn name(&mut self) -> String {
        let random = &mut self.random;
        match (0..12).fake_with_rng::<u8, _>(random) {
            0 => Name(DE_DE).fake_with_rng(random),
            1 => Name(FR_FR).fake_with_rng(random),
            2 => Name(PT_BR).fake_with_rng(random),
            3 => Name(TR_TR).fake_with_rng(random),
            4 => Name(JA_JP).fake_with_rng(random),
            5 => Name(ZH_CN).fake_with_rng(random),
            6 => Name(FA_IR).fake_with_rng(random),
            _ => Name(EN).fake_with_rng(random),
        }
    }

    fn sentence(&mut self) -> String {
        let phrase: String = CatchPhrase().fake_with_rng(&mut self.random);
        let phrase = phrase.to_lowercase();
        match (0..4).fake_with_rng::<u8, _>(&mut self.random) {
            0 => format!("The word of the year is “{phrase}” – or so they say…"),
            1 => format!("Nobody had asked for our {phrase}, but here it is."),
            2 => format!("{} and I talk about the {phrase} every day.", self.name()),
            _ => format!("Has anyone seen the {phrase} yet?"),
        }
    }

    fn now(&mut self) -> Result<Timestamp, Failure> {
        let now = Timestamp::from_micros(BEGINNING + self.rows * STEP)?;
        self.rows += 1;
        Ok(now)
    }
}

/// No two users of any two seeds have the same e-mail address.
impl MadeUp for UserFields {
    fn make_up(writer: &mut SeedWriter) -> Result<Self, Failure> {
        let name = writer.name();
        let latin = deunicode(&name).to_ascii_lowercase();
        let words = latin.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        let host = ["com", "net", "org"]
            .choose(&mut writer.random)
            .unwrap_or(&"org");
        let email = format!(
            "{}.{}.{}@example.{host}",
            words.join("."),
            writer.seed,
            writer.rows
        );
        Ok(Self {
            name: UserName::parse(name)?,
            email: EmailAddress::parse(email)?,
        })
    }
}

impl MadeUp for PostFields {
    fn make_up(writer: &mut SeedWriter) -> Result<Self, Failure> {
        let user_id = writer.parent()?;
        let title: String = CatchPhrase().fake_with_rng(&mut writer.random);
        let sentences: u8 = (2..7).fake_with_rng(&mut writer.random);
        let sentences: Vec<_> = (0..sentences).map(|_| writer.sentence()).collect();
        let city: String = CityName().fake_with_rng(&mut writer.random);
        let content = format!("{}\n\n— {}, {city}", sentences.join(" "), writer.name());
        Ok(Self {
            user_id,
            title: Title::parse(title)?,
            content: Content::parse(content)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use byline_domain::UserId;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_rows() {
        let author = [UserId::try_from(1).unwrap()];
        let [mut one, mut two] = [SeedWriter::new(7), SeedWriter::new(7)];
        let users = |writer: &mut SeedWriter| writer.rows::<UserFields>(300).unwrap();
        assert_eq!(users(&mut one), users(&mut two));
        let posts = |writer: &mut SeedWriter| {
            writer.add_parents(&author);
            writer.rows::<PostFields>(300).unwrap()
        };
        assert_eq!(posts(&mut one), posts(&mut two));
    }

    #[test]
    fn no_address_comes_twice_whatever_the_seeds() {
        let users = (0..30).flat_map(|seed| SeedWriter::new(seed).rows::<UserFields>(300).unwrap());
        let emails: HashSet<_> = users.map(|(user, _)| user.email.key()).collect();
        assert_eq!(emails.len(), 30 * 300);
    }

    #[test]
    fn not_everything_is_ascii() {
        let users = SeedWriter::new(1).rows::<UserFields>(300).unwrap();
        assert!(users.iter().any(|(user, _)| !user.name.as_str().is_ascii()));
        assert!(users.iter().any(|(user, _)| user.name.as_str().is_ascii()));
    }
}
