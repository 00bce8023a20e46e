"""The page of a workload before anything is sent: `aisbench workload describe --page`."""
