// A node that dies when its first batch comes.
package main

import jackfield "github.com/jackfield/jackfield/guest-sdk/go"

type dying struct{}

func (*dying) Bind(binding *jackfield.Binding) error {
	binding.With("b", "int64")
	return nil
}

func (*dying) Process(*jackfield.Step, string, *jackfield.Batch) error { panic("this node dies") }

func init() { jackfield.RegisterNode("dying", func() *dying { return &dying{} }) }

func main() {}
