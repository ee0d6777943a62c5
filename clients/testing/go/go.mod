module handstamp.example/testing

go 1.22
