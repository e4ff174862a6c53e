//! Tells a Rust file's code from its comments and its literals, so that a rule about code does not trip over words.

/// The same text twice, line for line: once with only the code left, once with only the comments.
pub(super) struct Masked {
    pub(super) code: String,
    pub(super) comments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    LineComment,
    /// How many block comments are open.
    BlockComment(usize),
    Text,
    /// How many `#` close the literal.
    RawText(usize),
}

/// Splits `text`; literals are blank in both halves.
pub(super) fn mask(text: &str) -> Masked {
    let characters: Vec<char> = text.chars().collect();
    let mut masked = Masked { code: String::with_capacity(text.len()), comments: String::with_capacity(text.len()) };
    let mut place = Place::Code;
    let mut at = 0;
    while at < characters.len() {
        let (next, width) = step(&characters, at, place);
        // What opens or closes a comment belongs to the comment.
        let commented = is_comment(place) || is_comment(next);
        let coded = place == Place::Code && next == Place::Code && width == 1;
        for &character in &characters[at..at + width] {
            let blank = if character == '\n' { '\n' } else { ' ' };
            masked.code.push(if coded { character } else { blank });
            masked.comments.push(if commented { character } else { blank });
        }
        place = next;
        at += width;
    }
    masked
}

fn is_comment(place: Place) -> bool {
    matches!(place, Place::LineComment | Place::BlockComment(_))
}

/// The place after the piece that starts at `at`, and how many characters that piece has.
fn step(characters: &[char], at: usize, place: Place) -> (Place, usize) {
    let here = characters[at];
    let after = characters.get(at + 1).copied().unwrap_or('\0');
    match place {
        Place::Code => step_in_code(characters, at),
        Place::LineComment => (if here == '\n' { Place::Code } else { Place::LineComment }, 1),
        Place::BlockComment(depth) => match (here, after) {
            ('/', '*') => (Place::BlockComment(depth + 1), 2),
            ('*', '/') if depth == 1 => (Place::Code, 2),
            ('*', '/') => (Place::BlockComment(depth - 1), 2),
            (_, _) => (place, 1),
        },
        Place::Text => match here {
            '\\' if at + 1 < characters.len() => (place, 2),
            '"' => (Place::Code, 1),
            _ => (place, 1),
        },
        Place::RawText(hashes) => {
            let closes =
                here == '"' && characters[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
            if closes { (Place::Code, 1 + hashes) } else { (place, 1) }
        }
    }
}

fn step_in_code(characters: &[char], at: usize) -> (Place, usize) {
    let here = characters[at];
    let after = characters.get(at + 1).copied().unwrap_or('\0');
    let continues_a_name = at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_');
    match (here, after) {
        ('/', '/') => (Place::LineComment, 2),
        ('/', '*') => (Place::BlockComment(1), 2),
        ('"', _) => (Place::Text, 1),
        ('r', '"' | '#') if !continues_a_name || characters[at - 1] == 'b' => {
            let hashes = characters[at + 1..].iter().take_while(|c| **c == '#').count();
            if characters.get(at + 1 + hashes) == Some(&'"') {
                (Place::RawText(hashes), 2 + hashes)
            } else {
                (Place::Code, 1)
            }
        }
        ('\'', _) => (Place::Code, character_literal(&characters[at..]).unwrap_or(1)),
        (_, _) => (Place::Code, 1),
    }
}

/// The length of the character literal that starts here, or nothing where the quote opens a lifetime.
fn character_literal(characters: &[char]) -> Option<usize> {
    if characters.get(1) == Some(&'\\') {
        return characters.iter().skip(3).position(|c| *c == '\'').map(|end| end + 4);
    }
    (characters.get(2) == Some(&'\'')).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, comments: &str) {
        let masked = mask(text);
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(&masked.code), code, "code of {text}");
        assert_eq!(squeeze(&masked.comments), comments, "comments of {text}");
        assert_eq!(masked.code.lines().count(), text.lines().count());
    }

    #[test]
    fn comments_leave_the_code() {
        check("a(); // b();\nc();", "a(); c();", "// b();");
        check("a(/* b /* c */ d */ e)", "a( e)", "/* b /* c */ d */");
        check("//! doc\nmod a;", "mod a;", "//! doc");
    }

    #[test]
    fn literals_leave_both_halves() {
        check(r#"f("x // y \" z", 1) // end"#, r#"f( , 1)"#, "// end");
        check("f(r#\"a \" // b\"#, br\"c\")", "f( , b )", "");
        check("let var\" = 1;", "let var", "");
    }

    #[test]
    fn quotes_of_characters_and_lifetimes_open_no_text() {
        check(
            "let a = '\"'; b('\\'', '\\u{1F600}'); fn c<'d>(e: &'d str)",
            "let a = ; b( , ); fn c<'d>(e: &'d str)",
            "",
        );
    }
}
