//go:build !wasip1

package jackfield

import (
	"fmt"
	"os"
)

// On your own machine, where unit tests run, columns and batches are plain memory. What needs the host (kernels,
// group-by, joins) fails with the code no-host: test it with `jackfield plugin test`.

type nativeColumn struct {
	kind string
	view View
}

type nativeBatch struct {
	names   []string
	columns []*nativeColumn
	rows    int
}

type columnHandle = *nativeColumn
type batchHandle = *nativeBatch
type typeTree = struct{}

func (c *nativeColumn) Drop() {}
func (b *nativeBatch) Drop()  {}

func noHost(what string) error {
	return Fail(Unavailable, "no-host", "%s runs in the host, and there is none in a unit test", what)
}

func hostKernel(function, _ string, _ []any) *Column        { return failedColumn(noHost(function)) }
func hostPlan(function, _ string, _ []any) *Column          { return failedColumn(noHost(function)) }
func hostReduce(function string, _ *Column) (any, error)    { return nil, noHost(function) }
func hostLength(c *Column) int                              { return c.handle.view.Length }
func hostType(c *Column) *Type                              { return &Type{Name: c.handle.kind} }
func hostShareColumn(c *Column) columnHandle                { return c.handle }
func hostDropColumn(columnHandle)                           {}
func hostShareBatch(b *Batch) batchHandle                   { return b.handle }
func hostRows(b *Batch) int                                 { return b.handle.rows }
func hostNames(b *Batch) []string                           { return b.handle.names }
func hostColumn(b *Batch, index int) *Column                { return &Column{handle: b.handle.columns[index]} }
func hostLog(level Level, message string)                   { fmt.Fprintln(os.Stderr, level, message) }
func hostFilter(*Batch, *Column) (batchHandle, error)       { return nil, noHost("Filter") }
func hostTake(*Batch, *Column) (batchHandle, error)         { return nil, noHost("Take") }
func hostSlice(*Batch, uint32, uint32) (batchHandle, error) { return nil, noHost("Slice") }
func hostConcat([]*Batch) (batchHandle, error)              { return nil, noHost("Concat") }

func hostView(c *Column) (*View, error) {
	view := c.handle.view
	return &view, nil
}

func hostCreate(kind string, view View) (*Column, error) {
	return &Column{handle: &nativeColumn{kind, view}}, nil
}

func hostBatchOf(names []string, columns []*Column, rows uint32) (batchHandle, error) {
	batch := &nativeBatch{names: append([]string{}, names...), rows: int(rows)}
	for i, column := range columns {
		if column.handle.view.Length != int(rows) {
			return nil, Fail(Internal, "length-mismatch", "the column `%s` has %d rows, not %d", names[i], column.handle.view.Length, rows)
		}
		batch.columns = append(batch.columns, column.handle)
	}
	return batch, nil
}

type nothing struct{}

func (nothing) Drop() {}

type grouperHandle = nothing
type accumulatorHandle = nothing
type joinerHandle = nothing

func hostGrouper([]string) (grouperHandle, error)          { return nothing{}, noHost("a grouper") }
func hostAssign(grouperHandle, []*Column) (*Column, error) { return nil, noHost("a grouper") }
func hostGroupKeys(grouperHandle) ([]*Column, error)       { return nil, noHost("a grouper") }
func hostGroupCount(grouperHandle) int                     { return 0 }
func hostAccumulator(string, string) (accumulatorHandle, error) {
	return nothing{}, noHost("an accumulator")
}
func hostUpdate(accumulatorHandle, *Column, *Column, int) error { return noHost("an accumulator") }
func hostAccumulated(accumulatorHandle) (*Column, error)        { return nil, noHost("an accumulator") }
func hostJoiner([]string) (joinerHandle, error)                 { return nothing{}, noHost("a joiner") }
func hostBuild(joinerHandle, []*Column) error                   { return noHost("a joiner") }
func hostProbe(joinerHandle, []*Column, JoinKind, int) ([]Match, error) {
	return nil, noHost("a joiner")
}

// RunNode opens a node with parameters, gives it a batch in Process, and returns the columns that the step calls made:
// for unit tests of nodes in the long way.
func RunNode(nodeType, params string, batch *Batch) ([]*Column, error) {
	node, err := openNode(nodeType, params)
	if err != nil {
		return nil, err
	}
	processor, ok := node.(Processor)
	if !ok {
		return nil, noHost("Apply")
	}
	input := Input{Name: "in", Columns: batch.Names()}
	for i := range input.Columns {
		input.Types = append(input.Types, hostType(hostColumn(batch, i)))
	}
	if err := processor.Bind(&Binding{Inputs: []Input{input}}); err != nil {
		return nil, err
	}
	step := &Step{}
	if err := processor.Process(step, "in", batch); err != nil {
		return nil, err
	}
	if err := step.err(); err != nil {
		return nil, err
	}
	var made []*Column
	for _, emission := range step.emissions {
		made = append(made, emission.made...)
	}
	return made, nil
}
