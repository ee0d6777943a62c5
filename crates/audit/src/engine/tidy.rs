//! What the run has made is removed again, where the description has an operation for it.

use http::Method;

use super::AuditError;
use super::objects::{self, Known};
use super::prepare::Stage;
use super::run::Run;

impl Run<'_> {
    /// Removes the objects of this run that are still there. That one cannot be removed is no finding: it was tried before.
    pub(super) async fn tidy(&mut self) -> Result<(), AuditError> {
        let removes = |method: &Method| *method == Method::DELETE;
        let operations = self.site.document.operations().iter();
        for operation in operations.filter(|operation| removes(&operation.name.method)) {
            let Some(last) = objects::last_name(&operation.name.path) else { continue };
            let Some((stage, carrier)) = self.stages.get(&operation.name.to_string()).cloned() else {
                continue;
            };
            let collection = objects::filled(last.collection, &stage.known);
            for id in self.shelf.ids(&collection, last.name, true) {
                if self.site.over().is_some() {
                    return Ok(());
                }
                let owner = self.owner().await?;
                let mut known: Known = stage.known.clone();
                known.insert(last.name.to_owned(), id);
                let stage = Stage { variant: stage.variant, known };
                let _ = self.try_control(operation, &stage, &carrier, &owner).await;
            }
        }
        Ok(())
    }
}
