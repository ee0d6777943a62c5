use std::{fmt, str::FromStr};

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::SharedError;
use crate::model::LogPosition;

/// What one replica tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The revocation log has moved on, as far as this at least.
    Log(LogPosition),
    /// Keys were made, have taken turns, or were revoked.
    Keys,
    /// There may have been news that did not get here: whoever waits for some has to look.
    Missed,
}

/// The text of one line that travels: `log 3.120`, `keys`, `missed`.
impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(position) => write!(f, "log {position}"),
            Self::Keys => f.write_str("keys"),
            Self::Missed => f.write_str("missed"),
        }
    }
}

/// It is no news of ours: another version may tell more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no news that this version understands")]
pub struct UnknownNews;

impl FromStr for News {
    type Err = UnknownNews;

    fn from_str(text: &str) -> Result<Self, UnknownNews> {
        match text.split_once(' ') {
            None if text == "keys" => Ok(Self::Keys),
            None if text == "missed" => Ok(Self::Missed),
            Some(("log", position)) => {
                let (epoch, seq) = position.split_once('.').ok_or(UnknownNews)?;
                let (epoch, seq) = (epoch.parse(), seq.parse());
                Ok(Self::Log(LogPosition {
                    epoch: epoch.or(Err(UnknownNews))?,
                    seq: seq.or(Err(UnknownNews))?,
                }))
            }
            _ => Err(UnknownNews),
        }
    }
}

/// Carries news between replicas.
///
/// Whatever gets lost is found by looking: news makes it sooner. Every implementation passes `test_support::shared::fan_out`.
#[async_trait]
pub trait FanOut: Send + Sync + 'static {
    /// Tells everybody.
    async fn tell(&self, news: News) -> Result<(), SharedError>;

    /// Returns the news from now on, one's own among it. Whoever falls behind misses some.
    fn news(&self) -> broadcast::Receiver<News>;

    /// Returns whether news gets here just now.
    fn is_listening(&self) -> bool;
}

#[cfg(test)]
mod tests {
    use super::{News, UnknownNews};
    use crate::model::LogPosition;

    #[test]
    fn news_reads_back_as_written() {
        let position = LogPosition { epoch: u32::MAX, seq: u64::MAX };
        for news in [News::Log(position), News::Keys, News::Missed] {
            assert_eq!(news.to_string().parse(), Ok(news));
        }
    }

    #[test]
    fn what_is_not_understood_is_no_news() {
        for text in ["", "log", "log ", "log 1", "log 1.x", "log 1.2.3", "log -1.2", "keys ", "users"] {
            assert_eq!(text.parse::<News>(), Err(UnknownNews), "{text:?}");
        }
    }
}
