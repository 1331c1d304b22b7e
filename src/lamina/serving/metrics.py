"""What Prometheus reads: requests, time, rows, errors, reloads."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Metrics:
    """The numbers of one service, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        labels = ("route", "model")
        self.requests = Counter("lamina_requests", "Requests answered.", (*labels, "status"), registry=registry)
        self.errors = Counter("lamina_errors", "Requests refused or failed.", (*labels, "status"), registry=registry)
        self.seconds = Histogram(
            "lamina_request_seconds",
            "From the head of a request to its answer.",
            labels,
            registry=registry,
            buckets=BUCKETS,
        )
        self.rows = Counter("lamina_rows", "Rows predicted.", ("model",), registry=registry)
        self.in_flight = Gauge("lamina_requests_in_flight", "Requests being answered.", registry=registry)
        self.reloads = Counter("lamina_reloads", "New model files.", ("model", "outcome"), registry=registry)

    def note(self, route: str, model: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(route, model, str(status)).inc()
        self.seconds.labels(route, model).observe(seconds)
        if status >= 400:
            self.errors.labels(route, model, str(status)).inc()

    def text(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        return generate_latest(self._registry)
