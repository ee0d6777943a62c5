//! Reads `text/event-stream` ([WHATWG HTML §9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html)), as far as the
//! feed uses it: what is in an event's `data`.

use handstamp_token::MAX_DOCUMENT_LEN;

/// Takes the stream apart, whatever the pieces it arrives in.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    line: Vec<u8>,
    data: Option<String>,
    is_batch: IsBatch,
    after_carriage_return: bool,
}

/// An event is more than a batch's `data` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event stream has an event of more than {LONGEST} bytes")]
pub(super) struct TooLong;

const LONGEST: usize = MAX_DOCUMENT_LEN + 16;

/// Whether the event so far is one of ours. Without a name it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum IsBatch {
    #[default]
    Yes,
    No,
}

impl EventReader {
    /// Takes the next bytes and returns the data of the batches that they complete.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut complete = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            // CR LF ends one line, not two.
            let second_half = rest.first() == Some(&b'\n') && end == 0 && self.after_carriage_return;
            self.after_carriage_return = rest.first() == Some(&b'\r');
            bytes = rest.get(1..).unwrap_or_default();
            if second_half {
                continue;
            }
            self.extend(line)?;
            let line = std::mem::take(&mut self.line);
            complete.extend(self.end_of_line(&line)?);
        }
        if !bytes.is_empty() {
            self.after_carriage_return = false;
        }
        self.extend(bytes)?;
        Ok(complete)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > LONGEST {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_of_line(&mut self, line: &[u8]) -> Result<Option<String>, TooLong> {
        if line.is_empty() {
            let is_batch = std::mem::take(&mut self.is_batch) == IsBatch::Yes;
            return Ok(self.data.take().filter(|_| is_batch));
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.is_batch = if value == b"batch" { IsBatch::Yes } else { IsBatch::No },
            b"data" => {
                let data = self.data.get_or_insert_default();
                if data.len() + value.len() > LONGEST {
                    return Err(TooLong);
                }
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(&String::from_utf8_lossy(value));
            }
            // Comments, ids (a batch says itself where it ends), and what later versions may add.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hello\n\nevent: batch\nid: 1.2\ndata: one\n\ndata:two\r\n\r\nevent: other\ndata: three\n\nevent: batch\ndata: four\r\rdata: unfinished\n";

    #[test]
    fn batches_are_found_however_the_stream_is_cut() {
        for size in 1..STREAM.len() {
            let mut reader = EventReader::default();
            let found: Vec<String> =
                STREAM.as_bytes().chunks(size).flat_map(|piece| reader.push(piece).unwrap()).collect();

            assert_eq!(found, ["one", "two", "four"], "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_and_not_kept() {
        let mut reader = EventReader::default();
        let piece = vec![b'x'; 64 * 1024];

        let refused = (0..64).find_map(|_| reader.push(&piece).err());

        assert_eq!(refused, Some(TooLong));
        assert!(reader.line.len() <= LONGEST);
    }

    #[test]
    fn data_in_many_lines_is_bounded_as_well() {
        let mut reader = EventReader::default();
        let line = format!("data: {}\n", "x".repeat(64 * 1024));

        assert!((0..64).any(|_| reader.push(line.as_bytes()).is_err()));
    }
}
