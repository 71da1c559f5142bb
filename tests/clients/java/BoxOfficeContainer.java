import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** A box office for tests in a container of Testcontainers, from the image that scripts/dist lays out. */
public class BoxOfficeContainer extends GenericContainer<BoxOfficeContainer> {
    /** An admin's key, for Authorization: Bearer. */
    public static final String STAFF_KEY = "a-staff-key-for-tests";

    private final HttpClient client = HttpClient.newHttpClient();

    public BoxOfficeContainer(String image) {
        super(DockerImageName.parse(image));
        withExposedPorts(8080);
        withTmpFs(Map.of("/tmp", "rw"));
        withCommand("serve", "--ephemeral", "--top-up-policy=self", "--test-clock=frozen", "--staff-key=" + STAFF_KEY);
        waitingFor(Wait.forHttp("/healthz").forPort(8080));
    }

    /** The API is below /api/v1. */
    public String url() {
        return "http://" + getHost() + ":" + getMappedPort(8080);
    }

    /** Turns the clock; comes back once everything that became due is written down. */
    public void advance(Duration by) throws IOException, InterruptedException {
        post("/clock", "{\"advanceMilliseconds\":" + by.toMillis() + "}");
    }

    /** Goes back to the start, the clock too, in milliseconds: for one container of many tests. */
    public void reset() throws IOException, InterruptedException {
        post("/test/reset", "{}");
    }

    private void post(String path, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url() + "/api/v1/staff" + path))
                .header("Authorization", "Bearer " + STAFF_KEY)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() >= 300) {
            throw new IOException(answer.statusCode() + " " + answer.body());
        }
    }
}
