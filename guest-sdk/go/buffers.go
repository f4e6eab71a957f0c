package jackfield

import (
	"fmt"
	"math"
	"unsafe"
)

// View is a column's own memory in Arrow's layout, as the host handed it over.
type View struct {
	Length    int
	NullCount int
	validity  []byte
	offsets   []byte
	values    []byte
	wide      bool // offsets of 64 bits
}

// View copies the column out of the host, once.
func (c *Column) View() (*View, error) {
	if err := c.real("View"); err != nil {
		return nil, err
	}
	return hostView(c)
}

// Valid is whether a row is not null.
func (v *View) Valid(row int) bool {
	return v.validity == nil || v.validity[row>>3]>>(row&7)&1 == 1
}

// Bytes is the text or binary of a row, not copied: it is the column's own memory.
func (v *View) Bytes(row int) []byte {
	if v.wide {
		offsets := Values[int64](v.offsets)
		return v.values[offsets[row]:offsets[row+1]]
	}
	offsets := Values[int32](v.offsets)
	return v.values[offsets[row]:offsets[row+1]]
}

// Text is the text of a row, not copied.
func (v *View) Text(row int) string {
	bytes := v.Bytes(row)
	return unsafe.String(unsafe.SliceData(bytes), len(bytes))
}

// Bool is the truth value of a row.
func (v *View) Bool(row int) bool { return v.values[row>>3]>>(row&7)&1 == 1 }

// Int64s, Int32s and so on are the values of a column of that very type, not copied.
func (v *View) Int64s() []int64     { return Values[int64](v.values) }
func (v *View) Int32s() []int32     { return Values[int32](v.values) }
func (v *View) Uint64s() []uint64   { return Values[uint64](v.values) }
func (v *View) Uint32s() []uint32   { return Values[uint32](v.values) }
func (v *View) Float64s() []float64 { return Values[float64](v.values) }
func (v *View) Float32s() []float32 { return Values[float32](v.values) }
func (v *View) Raw() []byte         { return v.values }

// Values looks at bytes as numbers; both are little-endian here.
func Values[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64](bytes []byte) []T {
	var one T
	if len(bytes) == 0 {
		return nil
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))%unsafe.Alignof(one) != 0 {
		aligned := make([]T, len(bytes)/int(unsafe.Sizeof(one)))
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(aligned))), len(bytes)), bytes)
		return aligned
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(bytes))), len(bytes)/int(unsafe.Sizeof(one)))
}

// Builder makes a column row by row: of bool, int8 to uint64, float32, float64, utf8, binary, date or timestamp.
type Builder struct {
	kind     string
	width    int // bytes of a value; 0 for bits, -1 for texts
	length   int
	nulls    int
	validity []byte
	offsets  []int32
	values   []byte
	err      error
}

var widths = map[string]int{
	"bool": 0, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "date": 4, "int64": 8, "uint64": 8,
	"time": 8, "timestamp": 8, "timestamp[UTC]": 8, "duration": 8, "float32": 4, "float64": 8, "utf8": -1, "binary": -1,
}

// Build begins a column.
func Build(kind string, expectedRows int) *Builder {
	width, known := widths[kind]
	b := &Builder{kind: kind, width: width, validity: make([]byte, 0, (expectedRows+7)/8)}
	if !known {
		b.err = Fail(Internal, "unknown-type", "columns of type %s cannot be built row by row", kind)
	}
	if width < 0 {
		b.offsets = append(make([]int32, 0, expectedRows+1), 0)
	} else {
		b.values = make([]byte, 0, expectedRows*max(width, 1))
	}
	return b
}

func (b *Builder) row(valid bool) {
	if b.length&7 == 0 {
		b.validity = append(b.validity, 0)
		if b.width == 0 {
			b.values = append(b.values, 0)
		}
	}
	if valid {
		b.validity[b.length>>3] |= 1 << (b.length & 7)
	} else {
		b.nulls++
	}
	b.length++
}

func (b *Builder) bits(value uint64) {
	for range b.width {
		b.values = append(b.values, byte(value))
		value >>= 8
	}
}

// Null adds a row without a value.
func (b *Builder) Null() {
	b.row(false)
	if b.width > 0 {
		b.bits(0)
	} else if b.width < 0 {
		b.offsets = append(b.offsets, int32(len(b.values)))
	}
}

// Bool adds a truth value.
func (b *Builder) Bool(value bool) {
	b.row(true)
	if value {
		b.values[(b.length-1)>>3] |= 1 << ((b.length - 1) & 7)
	}
}

// Int adds an integer, a date or a timestamp.
func (b *Builder) Int(value int64) {
	b.row(true)
	b.bits(uint64(value))
}

// Float adds a number.
func (b *Builder) Float(value float64) {
	b.row(true)
	if b.width == 4 {
		b.bits(uint64(math.Float32bits(float32(value))))
	} else {
		b.bits(math.Float64bits(value))
	}
}

// Text adds a text.
func (b *Builder) Text(value string) {
	b.row(true)
	b.values = append(b.values, value...)
	b.ended()
}

// Bytes adds a binary, or a text.
func (b *Builder) Bytes(value []byte) {
	b.row(true)
	b.values = append(b.values, value...)
	b.ended()
}

func (b *Builder) ended() {
	if len(b.values) > math.MaxInt32 && b.err == nil {
		b.err = Fail(Limit, "column-too-large", "a column of texts has at most 2 GiB")
	}
	b.offsets = append(b.offsets, int32(len(b.values)))
}

// Column makes the column.
func (b *Builder) Column() *Column {
	if b.err != nil {
		return failedColumn(b.err)
	}
	var validity, offsets []byte
	if b.nulls > 0 {
		validity = b.validity
	}
	if b.width < 0 {
		offsets = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b.offsets))), 4*len(b.offsets))
	}
	column, err := hostCreate(b.kind, View{Length: b.length, NullCount: b.nulls, validity: validity, offsets: offsets, values: b.values})
	if err != nil {
		return failedColumn(fmt.Errorf("a column of %s: %w", b.kind, err))
	}
	return column
}
