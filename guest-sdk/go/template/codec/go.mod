module {{name}}

go 1.27.1

require github.com/jackfield/jackfield/guest-sdk/go v0.0.0

replace github.com/jackfield/jackfield/guest-sdk/go => ./sdk
