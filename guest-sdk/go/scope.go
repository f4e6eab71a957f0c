package jackfield

// What a call of the host made is released when it returns: Go's collector would do it some day, and the host counts
// handles. A component runs one call at a time, so one list is enough.
var made []interface{ Drop() }
var depth int

func begin() { depth++ }

func end() {
	if depth--; depth > 0 {
		return
	}
	for i, one := range made {
		one.Drop()
		made[i] = nil
	}
	made = made[:0]
}

func track(column columnHandle) *Column {
	made = append(made, column)
	return &Column{handle: column}
}

func trackBatch(batch batchHandle, names []string) *Batch {
	made = append(made, batch)
	return &Batch{handle: batch, names: names}
}
