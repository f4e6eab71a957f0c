//! One chunk of a batch: columns of base arrays, each seen through a view, and what is cached of them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, UInt32Array};

use super::gather::gather;
use super::provenance::{Provenance, Source};
use super::size::{range_bytes, shown_bytes};
use super::view::{Selection, View};
use super::{Origin, visit_array_buffers};
use crate::{Failure, Meter};

#[derive(Clone, Debug)]
pub(super) struct Column {
    /// None: the column was not demanded.
    base: Option<ArrayRef>,
    view: Arc<View>,
    moved: Arc<OnceLock<ArrayRef>>,
}

#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
    pub(super) provenance: Option<Provenance>,
    /// The view of all `rows`, shared so that columns put side by side are composed once.
    whole: Arc<View>,
}

impl Column {
    pub(super) fn demanded(&self) -> bool {
        self.base.is_some()
    }

    /// The rows if they are there without moving any.
    fn ready(&self) -> Option<&ArrayRef> {
        self.moved.get().or_else(|| match (&self.base, self.view.as_ref()) {
            (Some(base), View::Range { offset: 0, length }) if *length == base.len() => Some(base),
            _ => None,
        })
    }

    /// The rows, moved but not kept.
    fn peek(&self, meter: &mut dyn Meter) -> Result<Option<ArrayRef>, Failure> {
        match (self.ready(), &self.base) {
            (Some(ready), _) => Ok(Some(ready.clone())),
            (None, Some(base)) => gather(base, &self.view, meter).map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl Part {
    pub(super) fn new(rows: usize, columns: Vec<Option<ArrayRef>>) -> Self {
        let whole = Arc::new(View::whole(rows));
        let column = |base| Column { base, view: whole.clone(), moved: Arc::default() };
        Self { rows, columns: columns.into_iter().map(column).collect(), provenance: None, whole: whole.clone() }
    }

    /// The column's rows, moved at most once; none where it was not demanded.
    pub(super) fn column(&self, index: usize, meter: &mut dyn Meter) -> Result<Option<ArrayRef>, Failure> {
        let Some(column) = self.columns.get(index) else { return Ok(None) };
        let rows = column.peek(meter)?;
        if column.ready().is_none()
            && let Some(rows) = &rows
        {
            // Whoever comes first has the array that all then share.
            return Ok(Some(column.moved.get_or_init(|| rows.clone()).clone()));
        }
        Ok(rows)
    }

    /// The column's rows for one use, without keeping them beside what they are joined into.
    pub(super) fn column_once(&self, index: usize, meter: &mut dyn Meter) -> Result<Option<ArrayRef>, Failure> {
        self.columns.get(index).map_or(Ok(None), |column| column.peek(meter))
    }

    pub(super) fn filter(&self, selection: &Selection) -> Self {
        if selection.count == self.rows {
            return self.clone();
        }
        self.compose(selection.count, |view| view.filter(selection))
    }

    pub(super) fn take(&self, rows: &UInt32Array, meter: &mut dyn Meter) -> Result<Self, Failure> {
        let views = self.distinct_views() as u64 + 1;
        meter.allocate(views.saturating_mul(rows.len() as u64 * 4))?;
        meter.work(views.saturating_mul(rows.len() as u64))?;
        Ok(self.compose(rows.len(), |view| view.take(rows)))
    }

    pub(super) fn slice(&self, offset: usize, length: usize) -> Self {
        if offset == 0 && length == self.rows {
            return self.clone();
        }
        self.compose(length, |view| view.slice(offset, length))
    }

    /// Every distinct view composed once. A column that was moved goes on from its moved rows.
    fn compose(&self, rows: usize, change: impl Fn(&View) -> View) -> Self {
        let whole = Arc::new(View::whole(rows));
        let mut changed: HashMap<*const View, Arc<View>> = HashMap::new();
        let mut view_of = |view: &Arc<View>| {
            let entry = changed.entry(Arc::as_ptr(view));
            entry.or_insert_with(|| Arc::new(change(view))).clone()
        };
        let columns = self.columns.iter().map(|column| match column.moved.get() {
            Some(moved) => Column { base: Some(moved.clone()), view: view_of(&self.whole), moved: Arc::default() },
            None => Column { base: column.base.clone(), view: view_of(&column.view), moved: Arc::default() },
        });
        let columns = columns.collect();
        let provenance = self.provenance.as_ref();
        let provenance =
            provenance.map(|known| Provenance { source: known.source.clone(), view: view_of(&known.view) });
        Self { rows, columns, provenance, whole }
    }

    fn distinct_views(&self) -> usize {
        let mut views: Vec<*const View> = self.columns.iter().map(|column| Arc::as_ptr(&column.view)).collect();
        views.sort_unstable();
        views.dedup();
        views.len()
    }

    pub(super) fn pick(&self, columns: &[usize]) -> Self {
        let columns = columns.iter().filter_map(|index| self.columns.get(*index).cloned()).collect();
        Self { columns, ..self.clone() }
    }

    /// Puts an array of `rows` rows at `index`, or behind the last column.
    pub(super) fn put(&mut self, index: usize, array: ArrayRef) {
        let column = Column { base: Some(array), view: self.whole.clone(), moved: Arc::default() };
        match self.columns.get_mut(index) {
            Some(place) => *place = column,
            None => self.columns.push(column),
        }
    }

    pub(super) fn set_origin(&mut self, origin: Arc<Origin>, offset: usize) {
        let view = match offset {
            0 => self.whole.clone(),
            offset => Arc::new(View::Range { offset, length: self.rows }),
        };
        self.provenance = Some(Provenance { source: Source::One(origin), view });
    }

    /// See [`super::Batch::bytes`].
    pub(super) fn bytes(&self) -> u64 {
        let sizes = self.columns.iter().map(|column| match (column.moved.get(), &column.base) {
            (Some(moved), _) => range_bytes(moved, 0, moved.len()),
            (None, Some(base)) => shown_bytes(base, &column.view),
            (None, None) => 0,
        });
        sizes.fold(0, u64::saturating_add)
    }

    pub(super) fn visit_buffers(&self, visit: &mut dyn FnMut(usize, u64)) {
        let view_buffer = |view: &View, visit: &mut dyn FnMut(usize, u64)| {
            if let Some(buffer) = view.buffer() {
                visit(buffer.data_ptr().as_ptr() as usize, buffer.capacity() as u64);
            }
        };
        for column in &self.columns {
            view_buffer(&column.view, visit);
            for array in column.base.iter().chain(column.moved.get()) {
                visit_array_buffers(array, visit);
            }
        }
        let Some(known) = &self.provenance else { return };
        view_buffer(&known.view, visit);
        match &known.source {
            Source::One(origin) => {
                if let Some(records) = &origin.records {
                    let buffer = records.values().inner();
                    visit(buffer.data_ptr().as_ptr() as usize, buffer.capacity() as u64);
                }
            }
            Source::Many(table) => visit(table.address(), table.bytes()),
        }
    }
}
