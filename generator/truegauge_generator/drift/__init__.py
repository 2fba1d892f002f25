"""What runs, compared with what the spec says: exporters, Prometheus, Alertmanager, Grafana."""
