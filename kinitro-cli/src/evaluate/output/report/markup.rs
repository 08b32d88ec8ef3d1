//! Text → HTML: the only way from a document into the report.

use std::fmt::{self, Write as _};

/// Text for element content and quoted attributes: what HTML gives a meaning is escaped, control characters other than line ends become spaces.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                control if control.is_control() && control != '\n' => f.write_char(' ')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A sentence in which what stands between backticks is code.
pub(super) struct Prose<'a>(pub(super) &'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((before, code, after)) = split_code(rest) {
            write!(f, "{}<code>{}</code>", Text(before), Text(code))?;
            rest = after;
        }
        Text(rest).fmt(f)
    }
}

fn split_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    Some((before, code, after))
}

/// A fraction in whole percent, as the terminal shows it.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.0}", fraction * 100.0)
}

/// `1 episode`, `2 episodes`.
pub(super) fn count(number: impl fmt::Display, one: &str, many: &str) -> String {
    let number = number.to_string();
    let noun = if number == "1" { one } else { many };
    format!("{number} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let hostile = "</td><script>alert('x')</script>\" onload=\"&\u{0}\n";
        assert_eq!(
            Text(hostile).to_string(),
            "&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;&amp; \n"
        );
        assert_eq!(
            Prose("`a<b` is & `open").to_string(),
            "<code>a&lt;b</code> is &amp; `open"
        );
    }
}
