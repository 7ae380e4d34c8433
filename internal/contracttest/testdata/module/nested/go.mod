module example.org/fixture/nested

go 1.26
