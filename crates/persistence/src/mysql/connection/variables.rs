use std::collections::HashMap;

use diesel::RunQueryDsl;
use diesel::dsl::sql;
use diesel::sql_types::Text;

use crate::mysql::Connection;
use crate::mysql::connection::error::ConnectError;

/// System or status variables of a server, by name.
#[derive(Clone, Debug, Default)]
pub(in crate::mysql) struct Variables(HashMap<String, String>);

impl Variables {
    /// Reads those of the variables that the server knows. `kind` is what to `SHOW`,
    /// such as `GLOBAL STATUS`.
    pub(in crate::mysql) fn load(
        connection: &mut Connection,
        kind: &str,
        names: impl IntoIterator<Item = &'static str>,
    ) -> Result<Self, ConnectError> {
        let names: Vec<_> = names.into_iter().map(|name| format!("'{name}'")).collect();
        let names = names.join(", ");
        let query = format!("SHOW {kind} WHERE Variable_name IN ({names})");
        let rows: Vec<(String, String)> = sql::<(Text, Text)>(&query)
            .load(connection)
            .map_err(ConnectError::statement)?;
        Ok(Self(rows.into_iter().collect()))
    }

    /// Returns the value, if the server knows the variable.
    pub(in crate::mysql) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the value, or an empty text if the server does not know the variable.
    pub(in crate::mysql) fn value(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Returns whether the variable has one of these values, in any case.
    pub(in crate::mysql) fn is_any(&self, name: &str, values: &[&str]) -> bool {
        has_value(values, self.value(name))
    }

    /// Returns whether a variable that the server knows is switched on.
    pub(in crate::mysql) fn is_on(&self, name: &str) -> bool {
        self.is_any(name, &["ON", "1"])
    }

    /// Adds the variables of `other`.
    pub(in crate::mysql) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Returns whether `values` has this value, in any case.
pub(in crate::mysql) fn has_value(values: &[&str], value: &str) -> bool {
    values.iter().any(|one| one.eq_ignore_ascii_case(value))
}

#[cfg(test)]
impl From<&[(&str, &str)]> for Variables {
    fn from(pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter();
        Self(
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }
}
