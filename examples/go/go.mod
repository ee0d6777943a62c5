module handstamp.example/orders

go 1.22

require github.com/golang-jwt/jwt/v5 v5.3.1

// The test kit's helper, as it lies in this repository.
require handstamp.example/testing v0.0.0

replace handstamp.example/testing => ../../clients/testing/go
