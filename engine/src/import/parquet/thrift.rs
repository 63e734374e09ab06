//! The compact encoding of Thrift, as far as a check of the footer and the headers of pages need it.

/// Structures inside each other that are passed over.
const DEPTH_MAX: u32 = 32;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They end too early.
    Short,
    /// They mean nothing.
    Wrong,
}

/// Kinds of fields by their number in the encoding.
pub(super) const TRUE: u8 = 1;
pub(super) const FALSE: u8 = 2;
pub(super) const I32: u8 = 5;
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Reads from the start of bytes on.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(Fault::Short)?;
        self.at += taken.len();
        Ok(taken)
    }

    /// An unsigned number of seven bits a byte.
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Wrong)
    }

    fn signed(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    pub(super) fn i32(&mut self) -> Result<i32, Fault> {
        i32::try_from(self.signed()?).map_err(|_| Fault::Wrong)
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.varint()?;
        self.take(length)
    }

    /// Number and kind of the next field of a structure, or None at its end; `last` is the number before.
    pub(super) fn field(&mut self, last: &mut i16) -> Result<Option<(i16, u8)>, Fault> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let number = match byte >> 4 {
            0 => i16::try_from(self.signed()?).map_err(|_| Fault::Wrong)?,
            step => last.checked_add(i16::from(step)).ok_or(Fault::Wrong)?,
        };
        *last = number;
        Ok(Some((number, byte & 0x0f)))
    }

    /// Length of a list and kind of its elements. Each takes at least a byte, so that a length beyond the
    /// bytes that there are is a lie.
    pub(super) fn list(&mut self) -> Result<(u64, u8), Fault> {
        let byte = self.byte()?;
        let length = match byte >> 4 {
            15 => self.varint()?,
            length => u64::from(length),
        };
        let left = self.bytes.len() - self.at;
        if length > left as u64 { Err(Fault::Short) } else { Ok((length, byte & 0x0f)) }
    }

    /// Passes over a field of a kind.
    pub(super) fn skip(&mut self, kind: u8) -> Result<(), Fault> {
        self.skip_within(kind, DEPTH_MAX)
    }

    fn skip_within(&mut self, kind: u8, depth: u32) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::Wrong)?;
        match kind {
            TRUE | FALSE => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => drop(self.take(8)?),
            BINARY => drop(self.binary()?),
            LIST | 10 => {
                let (length, element) = self.list()?;
                for _ in 0..length {
                    self.skip_element(element, depth)?;
                }
            }
            11 => {
                let length = self.varint()?;
                if length > 0 {
                    let kinds = self.byte()?;
                    for _ in 0..length {
                        self.skip_element(kinds >> 4, depth)?;
                        self.skip_element(kinds & 0x0f, depth)?;
                    }
                }
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip_within(kind, depth)?;
                }
            }
            _ => return Err(Fault::Wrong),
        }
        Ok(())
    }

    /// A truth value has its byte in a list, and none as a field.
    fn skip_element(&mut self, kind: u8, depth: u32) -> Result<(), Fault> {
        match kind {
            TRUE | FALSE => self.byte().map(drop),
            kind => self.skip_within(kind, depth),
        }
    }
}
