//! The catalog: an immutable image of all objects, as of one sequence number.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::key::ObjectId;
use crate::object::{
    AuxiliaryRecord, ClassifierRecord, ColumnRecord, FusionRecord, IndexRecord, ModelRecord, Object,
    ObjectKind, PipelineRecord, TableRecord,
};

/// All objects of a database at one sequence number. Cheap to clone: objects are shared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    objects: BTreeMap<ObjectId, Arc<Object>>,
    names: BTreeMap<(ObjectKind, String), ObjectId>,
    /// From every column and data id to the object that keeps rows under it.
    owners: BTreeMap<ObjectId, ObjectId>,
    version: u64,
}

impl Catalog {
    /// Sequence number of the last change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The object with this number.
    pub fn get(&self, id: ObjectId) -> Option<&Arc<Object>> {
        self.objects.get(&id)
    }

    /// The object of this kind and name. Names are compared as they are; folding case is the caller's.
    pub fn find(&self, kind: ObjectKind, name: &str) -> Option<&Arc<Object>> {
        // The map's key is a pair that owns its text, so a look-up by reference needs one copy of the name.
        self.names.get(&(kind, name.to_owned())).and_then(|id| self.objects.get(id))
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// All objects in the order of their numbers.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// The objects of one kind in the order of their names.
    pub fn of_kind(&self, kind: ObjectKind) -> impl Iterator<Item = &Arc<Object>> {
        self.names
            .range((kind, String::new())..)
            .take_while(move |((found, _), _)| *found == kind)
            .filter_map(|(_, id)| self.objects.get(id))
    }

    /// The objects that belong to a table, the table included, in the order of their numbers.
    pub fn of_table(&self, table: ObjectId) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values().filter(move |object| object.table() == Some(table))
    }

    /// The object that keeps rows under a column or data id.
    pub fn owner(&self, data: ObjectId) -> Option<&Arc<Object>> {
        self.owners.get(&data).and_then(|id| self.objects.get(id))
    }

    /// The column with this number and its table.
    pub fn column(&self, id: ObjectId) -> Option<(&TableRecord, &ColumnRecord)> {
        let Object::Table(table) = self.owner(id)?.as_ref() else { return None };
        table.columns.iter().find(|column| column.id == id).map(|column| (table, column))
    }

    /// Whether the number is taken by an object, a column or a data id.
    pub fn uses(&self, id: ObjectId) -> bool {
        self.objects.contains_key(&id) || self.owners.contains_key(&id)
    }

    /// The table whose slots number the rows under a column or data id.
    pub(crate) fn table_of(&self, data: ObjectId) -> Option<ObjectId> {
        self.owner(data).and_then(|object| object.table())
    }

    pub(crate) fn set_version(&mut self, version: u64) {
        self.version = version;
    }

    /// Adds or replaces an object; the caller has checked that the name is free.
    pub(crate) fn put(&mut self, object: Arc<Object>) {
        self.remove(object.id());
        self.names.insert((object.kind(), object.name().to_owned()), object.id());
        for data in object.data_ids() {
            self.owners.insert(data, object.id());
        }
        self.objects.insert(object.id(), object);
    }

    pub(crate) fn remove(&mut self, id: ObjectId) -> Option<Arc<Object>> {
        let object = self.objects.remove(&id)?;
        self.names.remove(&(object.kind(), object.name().to_owned()));
        self.owners.retain(|_, owner| *owner != id);
        Some(object)
    }
}

/// Typed look-ups by name and by number.
macro_rules! typed {
    ($($variant:ident, $record:ty, $by_name:ident, $by_id:ident, $all:ident;)*) => {
        impl Catalog {
            $(
                #[doc = concat!("The ", stringify!($by_name), " with this name.")]
                pub fn $by_name(&self, name: &str) -> Option<&$record> {
                    match self.find(ObjectKind::$variant, name)?.as_ref() {
                        Object::$variant(record) => Some(record),
                        _ => None,
                    }
                }

                #[doc = concat!("The ", stringify!($by_name), " with this number.")]
                pub fn $by_id(&self, id: ObjectId) -> Option<&$record> {
                    match self.get(id)?.as_ref() {
                        Object::$variant(record) => Some(record),
                        _ => None,
                    }
                }

                #[doc = concat!("All ", stringify!($all), " in the order of their names.")]
                pub fn $all(&self) -> impl Iterator<Item = &$record> {
                    self.of_kind(ObjectKind::$variant).filter_map(|object| match object.as_ref() {
                        Object::$variant(record) => Some(record),
                        _ => None,
                    })
                }
            )*
        }
    };
}

typed! {
    Model, ModelRecord, model, model_by_id, models;
    Table, TableRecord, table, table_by_id, tables;
    Auxiliary, AuxiliaryRecord, auxiliary, auxiliary_by_id, auxiliaries;
    Index, IndexRecord, index, index_by_id, indexes;
    Classifier, ClassifierRecord, classifier, classifier_by_id, classifiers;
    Pipeline, PipelineRecord, pipeline, pipeline_by_id, pipelines;
    Fusion, FusionRecord, fusion, fusion_by_id, fusions;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn pipeline(id: u32, name: &str) -> Arc<Object> {
        Arc::new(Object::Pipeline(PipelineRecord {
            id: ObjectId(id),
            name: name.into(),
            table: ObjectId(1),
            sql: String::new(),
            inherits: None,
            options: BTreeMap::new(),
        }))
    }

    #[test]
    fn objects_come_in_the_order_of_names_within_their_kind() {
        let mut catalog = Catalog::default();
        for (id, name) in [(5, "b"), (6, "a"), (7, "c")] {
            catalog.put(pipeline(id, name));
        }
        let names: Vec<_> = catalog.pipelines().map(|record| record.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(catalog.tables().count(), 0);
    }

    #[test]
    fn a_renamed_object_loses_its_old_name() {
        let mut catalog = Catalog::default();
        catalog.put(pipeline(5, "old"));
        catalog.put(pipeline(5, "new"));
        assert!(catalog.pipeline("old").is_none());
        assert_eq!(catalog.pipeline("new").unwrap().id, ObjectId(5));
        assert_eq!(catalog.len(), 1);
    }
}
