// Package jackfield is the SDK for Jackfield plugins in Go: nodes, file formats and codecs.
//
// Columns and batches live in the host; methods on them run there as native loops. An error travels with the value: a
// method on a column that could not be made does nothing, and whoever takes the column in the end gives the error. What
// a call makes is released when it returns; Keep gives a handle to hold on to.
package jackfield

import "fmt"

// Column is a handle on a column in the host, or, while a node's Apply runs over types, a type.
type Column struct {
	handle columnHandle
	plan   *Type
	err    error
}

// Err says why the column could not be made.
func (c *Column) Err() error {
	if c == nil {
		return Fail(Internal, "internal", "a column that was never made")
	}
	return c.err
}

func failedColumn(err error) *Column { return &Column{err: err} }

// Kernel calls one of the host's functions by its Arrow name. Operands are columns and values (bool, integers, floats,
// strings, nil); values stand for every row. options is a JSON object, or empty.
func Kernel(function, options string, operands ...any) *Column {
	planned := false
	for i, operand := range operands {
		if column, ok := operand.(*Column); ok {
			if err := column.Err(); err != nil {
				return failedColumn(err)
			}
			planned = planned || column.plan != nil
			continue
		}
		value, err := scalarOf(operand)
		if err != nil {
			return failedColumn(fmt.Errorf("operand %d of %s: %w", i+1, function, err))
		}
		operands[i] = value
	}
	if planned {
		return hostPlan(function, options, operands)
	}
	return hostKernel(function, options, operands)
}

// scalarOf brings the numbers of Go to those of the interfaces.
func scalarOf(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, int64, uint64, float64, string, []byte:
		return v, nil
	case int:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint:
		return uint64(v), nil
	case uint8:
		return uint64(v), nil
	case uint16:
		return uint64(v), nil
	case uint32:
		return uint64(v), nil
	case float32:
		return float64(v), nil
	default:
		return nil, Fail(Internal, "unknown-type", "a value of type %T is no operand", value)
	}
}

// Comparisons, which are null where an operand is.
func (c *Column) Eq(other any) *Column { return Kernel("equal", "", c, other) }
func (c *Column) Ne(other any) *Column { return Kernel("not_equal", "", c, other) }
func (c *Column) Lt(other any) *Column { return Kernel("less", "", c, other) }
func (c *Column) Le(other any) *Column { return Kernel("less_equal", "", c, other) }
func (c *Column) Gt(other any) *Column { return Kernel("greater", "", c, other) }
func (c *Column) Ge(other any) *Column { return Kernel("greater_equal", "", c, other) }

// And, Or and Not follow Kleene's logic.
func (c *Column) And(other any) *Column { return Kernel("and_kleene", "", c, other) }
func (c *Column) Or(other any) *Column  { return Kernel("or_kleene", "", c, other) }
func (c *Column) Not() *Column          { return Kernel("invert", "", c) }

// Arithmetic; integers are checked for overflow, and a division of integers is truncated.
func (c *Column) Add(other any) *Column { return Kernel("add_checked", "", c, other) }
func (c *Column) Sub(other any) *Column { return Kernel("subtract_checked", "", c, other) }
func (c *Column) Mul(other any) *Column { return Kernel("multiply_checked", "", c, other) }
func (c *Column) Div(other any) *Column { return Kernel("divide_checked", "", c, other) }
func (c *Column) Rem(other any) *Column { return Kernel("remainder_checked", "", c, other) }
func (c *Column) Negate() *Column       { return Kernel("negate_checked", "", c) }
func (c *Column) Abs() *Column          { return Kernel("abs_checked", "", c) }

// Nulls.
func (c *Column) IsNull() *Column            { return Kernel("is_null", "", c) }
func (c *Column) IsValid() *Column           { return Kernel("is_valid", "", c) }
func (c *Column) Coalesce(other any) *Column { return Kernel("coalesce", "", c, other) }

// IsIn is whether a value is one of these.
func (c *Column) IsIn(values ...any) *Column {
	return Kernel("is_in", "", append([]any{c}, values...)...)
}

// Text.
func (c *Column) Lower() *Column               { return Kernel("utf8_lower", "", c) }
func (c *Column) Upper() *Column               { return Kernel("utf8_upper", "", c) }
func (c *Column) Trim() *Column                { return Kernel("utf8_trim_whitespace", "", c) }
func (c *Column) TextLength() *Column          { return Kernel("utf8_length", "", c) }
func (c *Column) StartsWith(other any) *Column { return Kernel("starts_with", "", c, other) }
func (c *Column) EndsWith(other any) *Column   { return Kernel("ends_with", "", c, other) }

// Cast gives the values as another type, by its name: int64, timestamp[UTC], list<utf8>.
func (c *Column) Cast(to string) *Column {
	return Kernel("cast", fmt.Sprintf(`{"to_type":%q,"safe":false}`, to), c)
}

// TryCast is Cast with null where a value does not convert.
func (c *Column) TryCast(to string) *Column {
	return Kernel("cast", fmt.Sprintf(`{"to_type":%q,"safe":true}`, to), c)
}

// IfElse is then where the column is true, else otherwise.
func (c *Column) IfElse(then, otherwise any) *Column {
	return Kernel("if_else", "", c, then, otherwise)
}

// real tells that the column has values.
func (c *Column) real(what string) error {
	if err := c.Err(); err != nil {
		return err
	}
	if c.plan != nil {
		return Fail(Internal, "not-in-apply", "%s needs values, and Apply also runs over types: write Bind and Process", what)
	}
	return nil
}

// Reduce gives the whole column as one value: sum, min, max, mean, count, first, last.
func (c *Column) Reduce(function string) (any, error) {
	if err := c.real(function); err != nil {
		return nil, err
	}
	return hostReduce(function, c)
}

// Len is the number of rows.
func (c *Column) Len() int {
	if c.real("Len") != nil {
		return 0
	}
	return hostLength(c)
}

// Type is the column's type.
func (c *Column) Type() (*Type, error) {
	if err := c.Err(); err != nil {
		return nil, err
	}
	if c.plan != nil {
		return c.plan, nil
	}
	return hostType(c), nil
}

// Keep gives a handle that outlives the call; Drop gives it back.
func (c *Column) Keep() *Column {
	if c.real("Keep") != nil {
		return c
	}
	return &Column{handle: hostShareColumn(c)}
}

// Drop gives the handle back. What is not kept needs no dropping.
func (c *Column) Drop() {
	if c.err == nil && c.plan == nil {
		hostDropColumn(c.handle)
	}
}
