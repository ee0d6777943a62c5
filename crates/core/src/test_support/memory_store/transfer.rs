use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Data, MemoryStore};
use crate::store::{
    StoreError,
    transfer::{Contents, Counts, ImportError, Intake, Kind, Parcel, ROWS_IN_A_PARCEL, Row, Transfer},
};

#[async_trait]
impl Transfer for MemoryStore {
    async fn export(&self, to: mpsc::Sender<Parcel>) -> Result<(), StoreError> {
        let data = self.data().await.clone();
        let rows = data.rows();
        let head = data.head();
        let mark = Some(*self.mark.borrow()).filter(|mark| *mark > head);
        let contents = Contents { store: "memory".to_owned(), schema: 1, head, mark, counts: counts(&rows) };
        let parcels = rows.chunks(ROWS_IN_A_PARCEL).map(|rows| Parcel::Rows(rows.to_vec()));
        for parcel in [Parcel::Contents(contents)].into_iter().chain(parcels).chain([Parcel::End]) {
            if to.send(parcel).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn import(&self, mut from: mpsc::Receiver<Parcel>) -> Result<Counts, ImportError> {
        let Some(Parcel::Contents(contents)) = from.recv().await else { return Err(ImportError::Incomplete) };
        let mut intake = Intake::new(&contents);
        let mut next = Data { epoch: contents.head.epoch, last_seq: contents.head.seq, ..Data::default() };
        while let Some(rows) = intake.accept(from.recv().await)? {
            rows.into_iter().try_for_each(|row| next.take_in(row))?;
        }
        let taken = intake.end()?;
        let mut data = self.data().await;
        counts(&data.rows()).refuse_anything()?;
        *data = next;
        let furthest = contents.mark.unwrap_or(contents.head);
        self.mark.send_modify(|mark| *mark = (*mark).max(furthest));
        Ok(taken)
    }
}

fn counts(rows: &[Row]) -> Counts {
    rows.iter().map(Row::kind).collect()
}

impl Data {
    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        rows.extend(self.organizations.values().cloned().map(Row::Organization));
        rows.extend(self.users.values().cloned().map(Row::User));
        let profiles = self.profiles.iter().filter(|(_, profile)| !profile.is_empty());
        rows.extend(
            profiles.map(|(user_id, profile)| Row::Profile { user_id: *user_id, profile: profile.clone() }),
        );
        rows.extend(self.upstream_links.values().cloned().map(Row::UpstreamLink));
        rows.extend(self.clients.values().cloned().map(Row::Client));
        rows.extend(self.keys.values().cloned().map(Row::Key));
        rows.extend(self.status_lists.values().cloned().map(Row::StatusList));
        rows.extend(self.sessions.values().cloned().map(Row::Session));
        rows.extend(self.upstream_sessions.values().cloned().map(Row::UpstreamSession));
        let epochs = self.earlier_epochs.iter();
        rows.extend(epochs.map(|(last, forget_at)| Row::Epoch { last: *last, forget_at: *forget_at }));
        rows.extend(self.events.iter().cloned().map(Row::Event));
        rows.extend(self.used_ids.iter().map(|((purpose, id), expires_at)| Row::UsedId {
            purpose: *purpose,
            id: id.clone(),
            expires_at: *expires_at,
        }));
        rows.extend(self.reports.values().cloned().map(Row::Report));
        rows.extend(self.audit.iter().cloned().map(Row::Audit));
        rows
    }

    fn take_in(&mut self, row: Row) -> Result<(), ImportError> {
        let kind = row.kind();
        let is_new = match row {
            Row::Organization(row) => self.organizations.insert(row.id.clone(), row).is_none(),
            Row::User(row) => {
                self.check_unique(&row).map_err(|conflict| refused(kind, conflict))?;
                self.users.insert(row.id, row).is_none()
            }
            Row::Profile { user_id, profile } => {
                self.users.contains_key(&user_id) && self.profiles.insert(user_id, profile).is_none()
            }
            Row::UpstreamLink(row) => {
                self.users.contains_key(&row.user_id)
                    && self.link_upstream(row).map(|()| true).map_err(|conflict| refused(kind, conflict))?
            }
            Row::Client(row) => self.clients.insert(row.id.clone(), row).is_none(),
            Row::Key(row) => self.keys.insert(row.id.clone(), row).is_none(),
            Row::StatusList(row) => self.status_lists.insert(row.id, row).is_none(),
            Row::Session(row) => {
                self.users.contains_key(&row.user_id) && self.sessions.insert(row.id, row).is_none()
            }
            Row::UpstreamSession(row) => {
                self.sessions.contains_key(&row.session_id)
                    && self.upstream_sessions.insert(row.session_id, row).is_none()
            }
            Row::Epoch { last, forget_at } => {
                let is_new = self.earlier_epochs.iter().all(|(known, _)| known.epoch != last.epoch);
                self.earlier_epochs.push((last, forget_at));
                is_new
            }
            Row::Event(row) => {
                let is_next = self.events.last().is_none_or(|last| last.seq < row.seq);
                self.events.push(row);
                is_next
            }
            Row::UsedId { purpose, id, expires_at } => {
                self.used_ids.insert((purpose, id), expires_at).is_none()
            }
            Row::Report(row) => {
                self.reports.insert((row.client.clone(), row.instance.clone()), row).is_none()
            }
            Row::Audit(row) => {
                self.audit.push(row);
                true
            }
        };
        if is_new { Ok(()) } else { Err(refused(kind, "it is there already, or refers to nothing")) }
    }
}

fn refused(kind: Kind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ImportError {
    ImportError::Refused { kind, source: source.into() }
}
