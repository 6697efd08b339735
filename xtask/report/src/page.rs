//! The page, its tables and badges.

const STYLE: &str = include_str!("style.css");

/// Markup: everything in it that came from outside is escaped.
pub type Html = String;

/// A whole page.
pub fn page(title: &str, body: &[Html]) -> Html {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
         content='width=device-width,initial-scale=1'><title>{title}</title><style>{STYLE}</style>\
         <main>{}</main></html>\n",
        body.join("\n")
    )
}

/// Text that may stand between tags and in attributes.
pub fn escape(text: &str) -> Html {
    let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// A table. Columns whose title begins with `#` hold numbers; cells are markup.
pub fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<Html>>) -> Html {
    let class = |column: &str| if column.starts_with('#') { " class=n" } else { "" };
    let title = |it: &&str| format!("<th{}>{}", class(it), escape(it.trim_start_matches('#')));
    let head: Vec<_> = columns.iter().map(title).collect();
    let row = |cells: Vec<Html>| {
        let cells = cells.iter().zip(columns.iter().chain(std::iter::repeat(&"")));
        let cells: Vec<_> =
            cells.map(|(it, column)| format!("<td{}>{it}", class(column))).collect();
        format!("<tr>{}", cells.concat())
    };
    let rows: String = rows.into_iter().map(row).collect();
    format!("<table><thead><tr>{}<tbody>{rows}</table>", head.concat())
}

/// A word in the colour of a result; grey without one.
pub fn badge(passed: Option<bool>, word: &str) -> Html {
    let class = match passed {
        Some(true) => "good",
        Some(false) => "bad",
        None => "void",
    };
    format!("<b class='badge {class}'>{}</b>", escape(word))
}

/// Names with their values, as text.
pub fn facts(facts: &[(&str, String)]) -> Html {
    let fact = |(name, value): &(&str, String)| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(value))
    };
    format!("<dl>{}</dl>", facts.iter().map(fact).collect::<String>())
}

/// One bar that is divided in proportion to the values; parts below a hundredth are left out.
pub fn bars(title: &str, parts: &[(&str, f64, String)]) -> Html {
    let all: f64 = parts.iter().map(|it| it.1).sum();
    let shown = parts.iter().enumerate().filter(|(_, it)| it.1 > all / 100.0);
    let bars = shown.map(|(place, (name, value, label))| {
        format!(
            "<i class=s{place} style='flex:{value:.3}' title='{name}'><span>{name} {label}</span></i>"
        )
    });
    format!("<div class=cores><small>{title}</small>{}</div>", bars.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a='1'>&"), "&lt;b a=&#39;1&#39;&gt;&amp;");
        assert!(page("<script>", &[]).contains("<title>&lt;script&gt;</title>"));
        assert!(facts(&[("a", "<b>".to_owned())]).contains("<dd>&lt;b&gt;</dd>"));
        assert!(table(&["<th>"], []).contains("<th>&lt;th&gt;"));
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let page = page("title", &["<p>body".to_owned()]);

        for foreign in ["http:", "https:", "<script", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("<title>title</title>") && page.contains("<p>body"));
    }

    #[test]
    fn numbers_are_told_from_words_by_their_column() {
        let rows = [vec!["save".to_owned(), "5".to_owned(), "note".to_owned()]];

        let found = table(&["step", "#rate"], rows);

        assert!(found.contains("<th>step<th class=n>rate"), "{found}");
        assert!(found.contains("<tr><td>save<td class=n>5<td>note"), "{found}");
    }

    #[test]
    fn a_badge_shows_its_verdict() {
        let found = [Some(true), Some(false), None].map(|it| badge(it, "x"));
        assert!(found[0].contains("good") && found[1].contains("bad") && found[2].contains("void"));
    }

    #[test]
    fn a_bar_leaves_out_what_could_not_be_seen() {
        let parts = [("server", 1.5, "1.50".to_owned()), ("others", 0.001, "0.00".to_owned())];

        let found = bars("cores", &parts);

        assert!(found.contains("flex:1.500") && !found.contains("others"), "{found}");
    }
}
