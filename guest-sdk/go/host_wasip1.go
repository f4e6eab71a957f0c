//go:build wasip1

package jackfield

import (
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_compute"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_data"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_log"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_types"
	wit "github.com/jackfield/jackfield/guest-sdk/go/internal/wit/types"
)

type columnHandle = *jackfield_plugin_data.Column
type batchHandle = *jackfield_plugin_data.Batch
type typeTree = []jackfield_plugin_types.Field
type witFailure = jackfield_plugin_types.Failure

func optionalText(text string) wit.Option[string] {
	if text == "" {
		return wit.None[string]()
	}
	return wit.Some(text)
}

func giveFailure(err error) witFailure {
	failure := failureOf(err)
	given := witFailure{
		Kind: uint8(failure.Kind), Code: failure.Code, Message: failure.Message,
		Row: wit.None[uint64](), Offset: wit.None[uint32](),
		Column: optionalText(failure.Column), Parameter: optionalText(failure.Parameter), Help: optionalText(failure.Help),
	}
	if failure.Row != nil {
		given.Row = wit.Some(*failure.Row)
	}
	if failure.Offset != nil {
		given.Offset = wit.Some(*failure.Offset)
	}
	return given
}

func giveFailures(err error) []witFailure {
	var given []witFailure
	for _, failure := range failuresOf(err) {
		given = append(given, giveFailure(failure))
	}
	return given
}

func takeFailure(failure witFailure) *Failure {
	taken := &Failure{
		Kind: Kind(failure.Kind), Code: failure.Code, Message: failure.Message,
		Column: failure.Column.SomeOr(""), Parameter: failure.Parameter.SomeOr(""), Help: failure.Help.SomeOr(""),
	}
	if failure.Row.IsSome() {
		row := failure.Row.Some()
		taken.Row = &row
	}
	if failure.Offset.IsSome() {
		offset := failure.Offset.Some()
		taken.Offset = &offset
	}
	return taken
}

func settled[T any](result wit.Result[T, witFailure]) (T, error) {
	if result.IsErr() {
		var none T
		return none, takeFailure(result.Err())
	}
	return result.Ok(), nil
}

// ---- types ----

const microseconds = jackfield_plugin_types.TimeUnit_Microsecond

func timestampOf(zone wit.Option[string]) jackfield_plugin_types.DataType {
	return jackfield_plugin_types.MakeDataTypeTimestamp(wit.Tuple2[uint8, wit.Option[string]]{F0: microseconds, F1: zone})
}

func dataTypeOf(name string) (jackfield_plugin_types.DataType, bool) {
	switch name {
	case "null":
		return jackfield_plugin_types.MakeDataTypeNull(), true
	case "bool":
		return jackfield_plugin_types.MakeDataTypeBoolean(), true
	case "int8":
		return jackfield_plugin_types.MakeDataTypeInt8(), true
	case "int16":
		return jackfield_plugin_types.MakeDataTypeInt16(), true
	case "int32":
		return jackfield_plugin_types.MakeDataTypeInt32(), true
	case "int64":
		return jackfield_plugin_types.MakeDataTypeInt64(), true
	case "uint8":
		return jackfield_plugin_types.MakeDataTypeUint8(), true
	case "uint16":
		return jackfield_plugin_types.MakeDataTypeUint16(), true
	case "uint32":
		return jackfield_plugin_types.MakeDataTypeUint32(), true
	case "uint64":
		return jackfield_plugin_types.MakeDataTypeUint64(), true
	case "float32":
		return jackfield_plugin_types.MakeDataTypeFloat32(), true
	case "float64":
		return jackfield_plugin_types.MakeDataTypeFloat64(), true
	case "utf8":
		return jackfield_plugin_types.MakeDataTypeUtf8(), true
	case "large_utf8":
		return jackfield_plugin_types.MakeDataTypeLargeUtf8(), true
	case "binary":
		return jackfield_plugin_types.MakeDataTypeBinary(), true
	case "large_binary":
		return jackfield_plugin_types.MakeDataTypeLargeBinary(), true
	case "date":
		return jackfield_plugin_types.MakeDataTypeDate32(), true
	case "time":
		return jackfield_plugin_types.MakeDataTypeTime64(microseconds), true
	case "timestamp":
		return timestampOf(wit.None[string]()), true
	case "timestamp[UTC]":
		return timestampOf(wit.Some("UTC")), true
	case "duration":
		return jackfield_plugin_types.MakeDataTypeDuration(microseconds), true
	}
	return jackfield_plugin_types.DataType{}, false
}

func typeName(kind jackfield_plugin_types.DataType) string {
	names := [...]string{
		"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "other", "float32",
		"float64", "other", "other", "utf8", "large_utf8", "binary", "large_binary", "other", "date",
	}
	switch tag := kind.Tag(); {
	case int(tag) < len(names):
		return names[tag]
	case tag == jackfield_plugin_types.DataType_Time64 && kind.Time64() == microseconds:
		return "time"
	case tag == jackfield_plugin_types.DataType_Duration && kind.Duration() == microseconds:
		return "duration"
	case tag == jackfield_plugin_types.DataType_Timestamp && kind.Timestamp().F0 == microseconds:
		switch zone := kind.Timestamp().F1; {
		case zone.IsNone():
			return "timestamp"
		case zone.Some() == "UTC":
			return "timestamp[UTC]"
		}
	}
	return "other"
}

func typeOf(tree typeTree) *Type { return &Type{Name: typeName(tree[0].DataType), tree: tree} }

// treeOf names the root of a type.
func treeOf(kind *Type, name string) (typeTree, error) {
	if kind.tree != nil {
		tree := append(typeTree{}, kind.tree...)
		tree[0].Name, tree[0].Nullable, tree[0].Metadata = name, true, nil
		return tree, nil
	}
	data, known := dataTypeOf(kind.Name)
	if !known {
		return nil, Fail(Internal, "unknown-type", "`%s` is no type that the SDK for Go can name", kind.Name)
	}
	return typeTree{{Name: name, DataType: data, Nullable: true}}, nil
}

// below is a field of a list with all that belongs to it, as a tree of its own.
func below(fields []jackfield_plugin_types.Field, at uint32, out typeTree) typeTree {
	mine := len(out)
	out = append(out, fields[at])
	children := make([]uint32, len(fields[at].Children))
	for i, child := range fields[at].Children {
		children[i] = uint32(len(out))
		out = below(fields, child, out)
	}
	out[mine].Children = children
	return out
}

func inputOf(name string, schema jackfield_plugin_types.Schema) Input {
	input := Input{Name: name}
	for _, at := range schema.Columns {
		input.Columns = append(input.Columns, schema.Fields[at].Name)
		input.Types = append(input.Types, typeOf(below(schema.Fields, at, nil)))
	}
	return input
}

// ---- kernels ----

func scalar(value any) jackfield_plugin_types.Scalar {
	switch v := value.(type) {
	case bool:
		return jackfield_plugin_types.MakeScalarBoolean(v)
	case int64:
		return jackfield_plugin_types.MakeScalarInt64(v)
	case uint64:
		return jackfield_plugin_types.MakeScalarUint64(v)
	case float64:
		return jackfield_plugin_types.MakeScalarFloat64(v)
	case string:
		return jackfield_plugin_types.MakeScalarText(v)
	case []byte:
		return jackfield_plugin_types.MakeScalarBinary(v)
	}
	return jackfield_plugin_types.MakeScalarNull()
}

func hostKernel(function, options string, operands []any) *Column {
	arguments := make([]jackfield_plugin_compute.Argument, len(operands))
	for i, operand := range operands {
		if column, ok := operand.(*Column); ok {
			arguments[i] = jackfield_plugin_compute.MakeArgumentColumn(column.handle)
		} else {
			arguments[i] = jackfield_plugin_compute.MakeArgumentScalar(scalar(operand))
		}
	}
	outcome, err := settled(jackfield_plugin_compute.Call(function, arguments, options, wit.None[*jackfield_plugin_data.Column]()))
	if err != nil {
		return failedColumn(err)
	}
	if outcome.Failed.IsSome() {
		outcome.Failed.Some().Drop()
		outcome.Values.Drop()
		if outcome.First.IsSome() {
			return failedColumn(takeFailure(outcome.First.Some()))
		}
		return failedColumn(Fail(InvalidInput, "invalid-value", "%s failed in some rows", function))
	}
	return track(outcome.Values)
}

func hostPlan(function, options string, operands []any) *Column {
	trees := make([]typeTree, len(operands))
	for i, operand := range operands {
		var err error
		switch v := operand.(type) {
		case *Column:
			var kind *Type
			if kind, err = v.Type(); err == nil {
				trees[i], err = treeOf(kind, "")
			}
		case bool:
			trees[i], err = treeOf(&Type{Name: "bool"}, "")
		case int64:
			trees[i], err = treeOf(&Type{Name: "int64"}, "")
		case uint64:
			trees[i], err = treeOf(&Type{Name: "uint64"}, "")
		case float64:
			trees[i], err = treeOf(&Type{Name: "float64"}, "")
		case string:
			trees[i], err = treeOf(&Type{Name: "utf8"}, "")
		case []byte:
			trees[i], err = treeOf(&Type{Name: "binary"}, "")
		default:
			trees[i], err = treeOf(&Type{Name: "null"}, "")
		}
		if err != nil {
			return failedColumn(err)
		}
	}
	tree, err := settled(jackfield_plugin_compute.ResultType(function, trees, options))
	if err != nil {
		return failedColumn(err)
	}
	return &Column{plan: typeOf(tree)}
}

func hostReduce(function string, column *Column) (any, error) {
	value, err := settled(jackfield_plugin_compute.Reduce(function, column.handle, ""))
	if err != nil {
		return nil, err
	}
	switch value.Tag() {
	case jackfield_plugin_types.Scalar_Boolean:
		return value.Boolean(), nil
	case jackfield_plugin_types.Scalar_Int64:
		return value.Int64(), nil
	case jackfield_plugin_types.Scalar_Uint64:
		return value.Uint64(), nil
	case jackfield_plugin_types.Scalar_Float64:
		return value.Float64(), nil
	case jackfield_plugin_types.Scalar_Text:
		return value.Text(), nil
	case jackfield_plugin_types.Scalar_Binary:
		return value.Binary(), nil
	case jackfield_plugin_types.Scalar_Typed:
		return value.Typed().F1, nil
	}
	return nil, nil
}

// ---- columns and batches ----

func hostLength(c *Column) int               { return int(c.handle.Length()) }
func hostType(c *Column) *Type               { return typeOf(c.handle.Tree()) }
func hostShareColumn(c *Column) columnHandle { return c.handle.Share() }
func hostDropColumn(handle columnHandle)     { handle.Drop() }
func hostShareBatch(b *Batch) batchHandle    { return b.handle.Share() }
func hostRows(b *Batch) int                  { return int(b.handle.Rows()) }
func hostLog(level Level, message string)    { jackfield_plugin_log.Write(uint8(level), message, nil) }

func hostView(c *Column) (*View, error) {
	buffers, err := settled(c.handle.Read(nil))
	if err != nil {
		return nil, err
	}
	view := &View{Length: int(buffers.Length), NullCount: int(buffers.NullCount), values: buffers.Values}
	if buffers.Validity.IsSome() {
		view.validity = buffers.Validity.Some()
	}
	if buffers.Offsets.IsSome() {
		view.offsets = buffers.Offsets.Some()
		view.wide = len(view.offsets) == 8*(view.Length+1)
	}
	return view, nil
}

func hostCreate(kind string, view View) (*Column, error) {
	tree, err := treeOf(&Type{Name: kind}, "")
	if err != nil {
		return nil, err
	}
	buffers := jackfield_plugin_types.Buffers{
		Length: uint32(view.Length), NullCount: uint32(view.NullCount), Values: view.values,
		Validity: wit.None[[]byte](), Offsets: wit.None[[]byte](),
	}
	if view.validity != nil {
		buffers.Validity = wit.Some(view.validity)
	}
	if view.offsets != nil {
		buffers.Offsets = wit.Some(view.offsets)
	}
	handle, err := settled(jackfield_plugin_data.ColumnCreate(tree, []jackfield_plugin_types.Buffers{buffers}))
	if err != nil {
		return nil, err
	}
	return track(handle), nil
}

func hostNames(b *Batch) []string { return inputOf("", b.handle.Schema()).Columns }

func hostColumn(b *Batch, index int) *Column {
	handle, err := settled(b.handle.Column(uint32(index)))
	if err != nil {
		return failedColumn(err)
	}
	return track(handle)
}

func hostFilter(b *Batch, mask *Column) (batchHandle, error) {
	return settled(b.handle.Filter(mask.handle))
}
func hostTake(b *Batch, rows *Column) (batchHandle, error) {
	return settled(b.handle.Take(rows.handle))
}
func hostSlice(b *Batch, offset, length uint32) (batchHandle, error) {
	return settled(b.handle.Slice(offset, length))
}

func hostConcat(parts []*Batch) (batchHandle, error) {
	handles := make([]batchHandle, len(parts))
	for i, part := range parts {
		handles[i] = part.handle
	}
	return settled(jackfield_plugin_data.BatchConcat(handles))
}

func hostBatchOf(names []string, columns []*Column, rows uint32) (batchHandle, error) {
	var schema jackfield_plugin_types.Schema
	handles := make([]columnHandle, len(columns))
	for i, column := range columns {
		handles[i] = column.handle
		tree, err := treeOf(&Type{tree: column.handle.Tree()}, names[i])
		if err != nil {
			return nil, err
		}
		schema.Columns = append(schema.Columns, uint32(len(schema.Fields)))
		schema.Fields = below2(schema.Fields, tree)
	}
	return settled(jackfield_plugin_data.BatchOf(schema, rows, handles))
}

// below2 puts a tree behind the fields that are there.
func below2(fields, tree typeTree) typeTree {
	base := uint32(len(fields))
	for _, field := range tree {
		children := make([]uint32, len(field.Children))
		for i, child := range field.Children {
			children[i] = child + base
		}
		field.Children = children
		fields = append(fields, field)
	}
	return fields
}

// ---- group-by and join ----

func treesOf(types []string) ([]typeTree, error) {
	trees := make([]typeTree, len(types))
	for i, name := range types {
		tree, err := treeOf(&Type{Name: name}, "")
		if err != nil {
			return nil, err
		}
		trees[i] = tree
	}
	return trees, nil
}

func handlesOf(columns []*Column) ([]columnHandle, error) {
	handles := make([]columnHandle, len(columns))
	for i, column := range columns {
		if err := column.real("a key"); err != nil {
			return nil, err
		}
		handles[i] = column.handle
	}
	return handles, nil
}

type grouperHandle = *jackfield_plugin_compute.Grouper
type accumulatorHandle = *jackfield_plugin_compute.Accumulator
type joinerHandle = *jackfield_plugin_compute.Joiner

func hostGrouper(types []string) (grouperHandle, error) {
	trees, err := treesOf(types)
	if err != nil {
		return nil, err
	}
	return settled(jackfield_plugin_compute.MakeGrouper(trees))
}

func hostAssign(grouper grouperHandle, keys []*Column) (*Column, error) {
	handles, err := handlesOf(keys)
	if err != nil {
		return nil, err
	}
	column, err := settled(grouper.Assign(handles))
	if err != nil {
		return nil, err
	}
	return track(column), nil
}

func hostGroupKeys(grouper grouperHandle) ([]*Column, error) {
	handles, err := settled(grouper.Keys())
	if err != nil {
		return nil, err
	}
	keys := make([]*Column, len(handles))
	for i, handle := range handles {
		keys[i] = track(handle)
	}
	return keys, nil
}

func hostGroupCount(grouper grouperHandle) int { return int(grouper.Count()) }

func hostAccumulator(function, kind string) (accumulatorHandle, error) {
	trees, err := treesOf([]string{kind})
	if err != nil {
		return nil, err
	}
	return settled(jackfield_plugin_compute.MakeAccumulator(function, trees, ""))
}

func hostUpdate(accumulator accumulatorHandle, values, groups *Column, count int) error {
	handles, err := handlesOf([]*Column{values, groups})
	if err != nil {
		return err
	}
	_, err = settled(accumulator.Update(handles[:1], handles[1], uint32(count)))
	return err
}

func hostAccumulated(accumulator accumulatorHandle) (*Column, error) {
	column, err := settled(accumulator.Finish())
	if err != nil {
		return nil, err
	}
	return track(column), nil
}

func hostJoiner(types []string) (joinerHandle, error) {
	trees, err := treesOf(types)
	if err != nil {
		return nil, err
	}
	return settled(jackfield_plugin_compute.MakeJoiner(trees))
}

func hostBuild(joiner joinerHandle, keys []*Column) error {
	handles, err := handlesOf(keys)
	if err != nil {
		return err
	}
	_, err = settled(joiner.Build(handles))
	return err
}

func hostProbe(joiner joinerHandle, keys []*Column, kind JoinKind, most int) ([]Match, error) {
	handles, err := handlesOf(keys)
	if err != nil {
		return nil, err
	}
	matches, err := settled(joiner.Probe(handles, uint8(kind)))
	if err != nil {
		return nil, err
	}
	defer matches.Drop()
	var pairs []Match
	for {
		next, err := settled(matches.Next(uint32(most)))
		if err != nil {
			return nil, err
		}
		if next.IsNone() {
			return pairs, nil
		}
		pairs = append(pairs, Match{Probe: track(next.Some().F0), Build: track(next.Some().F1)})
	}
}
