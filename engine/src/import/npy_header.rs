//! The header of a NumPy file (format versions 1 to 3), read strictly.
//!
//! General readers evaluate a Python literal of any length and depth and multiply the shape unchecked; this
//! one takes exactly the three keys that `numpy.save` writes.

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NpyHeader {
    /// `<f4` and so on.
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
}

/// Dimensions of an array; numpy itself stops at 64.
const DIMENSIONS_MAX: usize = 64;

impl NpyHeader {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn parse(text: &[u8]) -> Result<NpyHeader, String> {
        let mut cursor = Cursor { rest: text };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        cursor.expect(b'{')?;
        while !cursor.accept(b'}') {
            let key = cursor.string()?;
            cursor.expect(b':')?;
            let fresh = match key.as_str() {
                "descr" => descr.replace(cursor.string().map_err(|_| structured())?).is_none(),
                "fortran_order" => fortran_order.replace(cursor.boolean()?).is_none(),
                "shape" => shape.replace(cursor.tuple()?).is_none(),
                _ => return Err("a key beside descr, fortran_order and shape in the header".to_owned()),
            };
            if !fresh {
                return Err(format!("key `{key}` twice in the header"));
            }
            if !cursor.accept(b',') {
                cursor.expect(b'}')?;
                break;
            }
        }
        if !cursor.rest.trim_ascii().is_empty() {
            return Err("more text after the header".to_owned());
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok(NpyHeader { descr, fortran_order, shape }),
            _ => Err("descr, fortran_order or shape missing in the header".to_owned()),
        }
    }
}

fn structured() -> String {
    "a structured dtype".to_owned()
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn accept(&mut self, byte: u8) -> bool {
        self.rest = self.rest.trim_ascii_start();
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.accept(byte) {
            return Ok(());
        }
        Err(format!("no `{}` where the header needs one", char::from(byte)))
    }

    fn string(&mut self) -> Result<String, String> {
        let quote = if self.accept(b'\'') {
            b'\''
        } else {
            self.expect(b'"')?;
            b'"'
        };
        let end = self.rest.iter().position(|b| *b == quote).ok_or("an unclosed quote in the header")?;
        let (text, rest) = self.rest.split_at_checked(end).ok_or("an unclosed quote in the header")?;
        self.rest = rest.get(1..).unwrap_or_default();
        if text.iter().any(|b| !b.is_ascii_graphic() || *b == b'\\') {
            return Err("an unusual character in the header".to_owned());
        }
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_ascii_start();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("fortran_order is neither True nor False".to_owned())
    }

    fn tuple(&mut self) -> Result<Vec<u64>, String> {
        self.expect(b'(')?;
        let mut items = Vec::new();
        while !self.accept(b')') {
            if items.len() == DIMENSIONS_MAX {
                return Err(format!("more than {DIMENSIONS_MAX} dimensions"));
            }
            items.push(self.integer()?);
            if !self.accept(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(items)
    }

    fn integer(&mut self) -> Result<u64, String> {
        self.rest = self.rest.trim_ascii_start();
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at_checked(digits).unwrap_or_default();
        self.rest = rest;
        let number = std::str::from_utf8(number).unwrap_or_default();
        number.parse().map_err(|_| "a length in the shape that is not a number of 64 bits".to_owned())
    }
}
