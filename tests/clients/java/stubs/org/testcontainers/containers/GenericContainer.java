package org.testcontainers.containers;

import java.util.Map;
import org.testcontainers.containers.wait.strategy.WaitStrategy;
import org.testcontainers.utility.DockerImageName;

/** What BoxOfficeContainer uses of Testcontainers, for the compiler alone. */
public class GenericContainer<S extends GenericContainer<S>> {
    public GenericContainer(DockerImageName image) {}
    public S withExposedPorts(Integer... ports) { return null; }
    public S withTmpFs(Map<String, String> mounts) { return null; }
    public S withCommand(String... words) { return null; }
    public S waitingFor(WaitStrategy strategy) { return null; }
    public String getHost() { return null; }
    public Integer getMappedPort(int port) { return null; }
}
