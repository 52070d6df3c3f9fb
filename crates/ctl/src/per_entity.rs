//! Options that there are for each entity, under the name of its rows: `--users`, `--posts`.

use std::fmt::Debug;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::failure::Failure;
use crate::transfer::{TABLES, Table};

/// The values of such an option, in the order of [`TABLES`].
#[derive(Debug)]
pub(crate) struct PerEntity<K: OptionKind>(Vec<Option<K::Value>>);

/// What such an option is for.
pub(crate) trait OptionKind {
    /// The type of its values.
    type Value: Clone + Debug + Send + Sync + 'static;

    /// Describes the option of an entity. `is_first` is that of the first entity.
    fn describe(option: Arg, table: &Table, is_first: bool) -> Arg;
}

impl<K: OptionKind> PerEntity<K> {
    /// Returns the values in the order of [`TABLES`].
    pub(crate) fn values(&self) -> impl Iterator<Item = Option<&K::Value>> {
        self.0.iter().map(Option::as_ref)
    }

    /// Returns the value of an entity.
    pub(crate) fn get(&self, table: &Table) -> Option<&K::Value> {
        let mut values = TABLES.iter().zip(self.values());
        values.find(|(of, _)| of.name == table.name)?.1
    }

    /// Makes something of each value.
    pub(crate) fn try_map<T>(
        &self,
        mut make: impl FnMut(&K::Value) -> Result<T, Failure>,
    ) -> Result<Vec<Option<T>>, Failure> {
        let made = self.values().map(|value| value.map(&mut make).transpose());
        made.collect()
    }
}

impl<K: OptionKind> clap::FromArgMatches for PerEntity<K> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |table: &Table| matches.get_one(table.plural).cloned();
        Ok(Self(TABLES.iter().map(value).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<K: OptionKind> clap::Args for PerEntity<K> {
    fn augment_args(command: Command) -> Command {
        command.args(TABLES.iter().enumerate().map(|(index, table)| {
            let option = Arg::new(table.plural).long(table.plural);
            K::describe(option, table, index == 0)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Files that are read, or else written. At least one is needed.
#[derive(Debug)]
pub(crate) struct RowFiles<const INPUT: bool>;

impl<const INPUT: bool> OptionKind for RowFiles<INPUT> {
    type Value = PathBuf;

    fn describe(option: Arg, table: &Table, is_first: bool) -> Arg {
        let rows = table.plural;
        let help = if INPUT {
            format!("The file of {rows}; `-` is standard input")
        } else {
            format!("The file for the {rows}; `-` is standard output")
        };
        let parser = value_parser!(PathBuf);
        let option = option.value_name("FILE").value_parser(parser).help(help);
        if is_first {
            let others = TABLES.iter().skip(1).map(|table| table.plural);
            option.required_unless_present_any(others)
        } else {
            option
        }
    }
}

/// Numbers of rows. Only that of the first entity is needed.
#[derive(Debug)]
pub(crate) struct Counts;

impl OptionKind for Counts {
    type Value = u32;

    fn describe(option: Arg, table: &Table, is_first: bool) -> Arg {
        let option = option.value_name("N").value_parser(value_parser!(u32));
        let rows = table.plural;
        if is_first {
            return option.required(true).help(format!("How many {rows}"));
        }
        let parents = table
            .parents
            .iter()
            .filter_map(|of| Table::named(of.parent));
        let parents: Vec<_> = parents.map(|parent| parent.plural).collect();
        let parents = parents.join(" and ");
        let help = format!("How many {rows}, spread over these {parents}");
        option.default_value("0").help(help)
    }
}
