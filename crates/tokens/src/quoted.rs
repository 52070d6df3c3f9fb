/// Returns text of an issuer as it may be shown: of one line, and not without end.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 200;
    format!("{:?}", text.chars().take(LONGEST).collect::<String>())
}
