module github.com/sideroom/sideroom/sdk/server/go

go 1.19
