//! "Did you mean": the candidate with the fewest typing errors.

/// Names longer than this get no suggestion, which bounds the work on hostile input.
const NAME_CHARS_MAX: usize = 128;

/// The candidate that resembles `name` most, or None where none is near: at most one typing error in three
/// characters (insertion, deletion, replacement, exchange of neighbours), letter case ignored.
/// Of equally near candidates the first one wins.
pub fn nearest<'a, I>(name: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    let wanted = folded(name)?;
    let allowed = (wanted.len() / 3).clamp(1, 3);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let Some(chars) = folded(candidate) else { continue };
        if chars.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &chars);
        // A name of one letter is near every other one, which helps nobody.
        let near = distance <= allowed && distance < wanted.len().max(chars.len());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> Option<Vec<char>> {
    if name.len() > 4 * NAME_CHARS_MAX {
        return None;
    }
    let chars: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    (chars.len() <= NAME_CHARS_MAX).then_some(chars)
}

/// Optimal string alignment distance (Damerau-Levenshtein without repeated edits), by rows.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut previous_char = None;
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(i + 1);
        let mut left_char = None;
        for (j, &y) in b.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, j) + usize::from(x != y);
            let mut cell = replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && previous_char == Some(y) && left_char == Some(x) {
                cell = cell.min(at(&before, j - 1) + 1);
            }
            row.push(cell);
            left_char = Some(y);
        }
        previous_char = Some(x);
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(name, candidates.iter().copied()), expected, "{name}");
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        check("categroy", &["title", "category"], Some("category"));
        check("FORM", &["FROM", "WHERE"], Some("FROM"));
        check("titel", &["title", "titles"], Some("title"));
        check("title", &["title"], Some("title"));
        check("x", &["y", "z"], None);
        check("", &["a"], None);
        check("price", &["category", "added"], None);
        check("scor", &["score", "scored"], Some("score"));
        check("gr\u{f6}\u{df}e", &["grosse", "gr\u{f6}sse"], None);
        check("gr\u{f6}\u{df}", &["gr\u{f6}b"], Some("gr\u{f6}b"));
        check(&"a".repeat(100_000), &["a"], None);
    }

    #[test]
    fn the_distance_counts_an_exchange_of_neighbours_once() {
        let count =
            |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(count("", ""), 0);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("abc", ""), 3);
        assert_eq!(count("form", "from"), 1);
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("ca", "abc"), 3);
    }
}
