package jackfield

// Batch is a handle on rows in the host. Nothing changes a batch: methods give new ones, and rows move only when
// somebody reads them.
type Batch struct {
	handle batchHandle
	names  []string
	err    error
}

// Err says why the batch could not be made.
func (b *Batch) Err() error { return b.err }

// Names are the names of its columns.
func (b *Batch) Names() []string {
	if b.names == nil && b.err == nil {
		b.names = hostNames(b)
	}
	return b.names
}

// Rows is the number of rows.
func (b *Batch) Rows() int {
	if b.err != nil {
		return 0
	}
	return hostRows(b)
}

// Col is the column of this name.
func (b *Batch) Col(name string) *Column {
	if b.err != nil {
		return failedColumn(b.err)
	}
	for i, other := range b.Names() {
		if other == name {
			return hostColumn(b, i)
		}
	}
	return failedColumn(UnknownColumn(name, b.Names()))
}

func (b *Batch) derived(make func() (batchHandle, error), operands ...*Column) *Batch {
	if b.err != nil {
		return b
	}
	for _, operand := range operands {
		if err := operand.real("a batch"); err != nil {
			return &Batch{err: err}
		}
	}
	handle, err := make()
	if err != nil {
		return &Batch{err: err}
	}
	return trackBatch(handle, b.names)
}

// Filter keeps the rows where the boolean column is true.
func (b *Batch) Filter(mask *Column) *Batch {
	return b.derived(func() (batchHandle, error) { return hostFilter(b, mask) }, mask)
}

// Take gives the rows of these numbers (uint32 or uint64); a null number gives a row of nulls.
func (b *Batch) Take(rows *Column) *Batch {
	return b.derived(func() (batchHandle, error) { return hostTake(b, rows) }, rows)
}

// Slice gives length rows from offset on.
func (b *Batch) Slice(offset, length int) *Batch {
	return b.derived(func() (batchHandle, error) { return hostSlice(b, uint32(offset), uint32(length)) })
}

// BatchOf puts whole columns together.
func BatchOf(names []string, columns []*Column, rows int) *Batch {
	for _, column := range columns {
		if err := column.real("a batch"); err != nil {
			return &Batch{err: err}
		}
	}
	handle, err := hostBatchOf(names, columns, uint32(rows))
	if err != nil {
		return &Batch{err: err}
	}
	return trackBatch(handle, append([]string{}, names...))
}

// Concat gives all rows of the parts, one after the other, without moving any.
func Concat(parts ...*Batch) *Batch {
	for _, part := range parts {
		if part.err != nil {
			return part
		}
	}
	handle, err := hostConcat(parts)
	if err != nil {
		return &Batch{err: err}
	}
	return trackBatch(handle, nil)
}

// Keep gives a handle that outlives the call; Drop gives it back.
func (b *Batch) Keep() *Batch {
	if b.err != nil {
		return b
	}
	return &Batch{handle: hostShareBatch(b), names: b.names}
}

// Drop gives the handle back. What is not kept needs no dropping.
func (b *Batch) Drop() {
	if b.err == nil {
		b.handle.Drop()
	}
}
