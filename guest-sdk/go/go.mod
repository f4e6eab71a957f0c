module github.com/jackfield/jackfield/guest-sdk/go

go 1.27.1
