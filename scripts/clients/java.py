"""The Java client: a JAR on the JDK's own HTTP client and Jackson, with its sources and its POM."""

import shutil
from pathlib import Path
from string import Template
from zipfile import ZipFile

from scripts.clients.language import ROOT, SOURCES, ClientError, Scenario, run, version
from scripts.clients.openapi_generator import JAR, OPTIONS, Correction, archive, corrected, generate

_HERE = SOURCES / "java"
_PACKAGE = "org.galley.client"
# Java knows no registry that every machine may ask. Jackson and its dates are in the generator's own JAR, pinned with
# it; what is missing there comes with Debian.
_DEBIAN = Path("/usr/share/java")
_NEEDED = ("httpmime", "httpclient", "httpcore", "jakarta-annotation-api")
_REMEDY = "apt-get install default-jdk-headless libhttpmime-java libjakarta-annotation-api-java"
# All lints, but for the one about the class path: Debian's JARs name optional neighbours that are not installed.
_LINT = "-Xlint:all,-path"
_CONFIG = {
    "generatorName": "java",
    "library": "native",
    "additionalProperties": {
        **OPTIONS,
        "invokerPackage": _PACKAGE,
        "apiPackage": f"{_PACKAGE}.api",
        "modelPackage": f"{_PACKAGE}.model",
        "useJakartaEe": True,
        "openApiNullable": True,
        # A list that was not set would be sent empty, and a merge patch would clear what it does not name.
        "containerDefaultToNull": True,
        # Parameters by name, so that another optional one breaks no caller.
        "useSingleRequestParameter": True,
    },
    "globalProperties": {"apiTests": "false", "modelTests": "false", "apiDocs": "false", "modelDocs": "false"},
}
# The build is ours; the package is what is asked for.
_LEAVE_OUT = ("*", "!src/main/java/**")
_NATIVE = "Java/libraries/native"
CORRECTIONS = (
    # JsonNullable is ours: absent and null differ in a merge patch, and the library for it is in no place we may ask.
    # Imported on demand, for the generator names the library's class among the others.
    Correction(
        f"{_NATIVE}/model.mustache",
        "{{#imports}}\nimport {{import}};\n{{/imports}}\n",
        "".join(
            f"import {name};\n"
            for name in (
                "com.fasterxml.jackson.annotation.*",
                "java.io.*",
                "java.math.*",
                "java.net.*",
                "java.time.*",
                "java.util.*",
                "{{invokerPackage}}.JsonNullable",
            )
        ),
    ),
    *(
        Correction(f"{_NATIVE}/{name}", wrong, "")
        for name, wrongs in (
            (
                "ApiClient.mustache",
                (
                    "import org.openapitools.jackson.nullable.JsonNullableModule;\n",
                    "    mapper.registerModule(new JsonNullableModule());\n",
                ),
            ),
            (
                "JSON.mustache",
                (
                    "import org.openapitools.jackson.nullable.JsonNullableModule;\n",
                    "    JsonNullableModule jnm = new JsonNullableModule();\n    mapper.registerModule(jnm);\n",
                ),
            ),
        )
        for wrong in wrongs
    ),
    Correction(
        "Java/jackson_annotations.mustache",
        "{{^required}}USE_DEFAULTS{{/required}}",
        "{{^required}}{{#vendorExtensions.x-is-jackson-optional-nullable}}NON_EMPTY"
        "{{/vendorExtensions.x-is-jackson-optional-nullable}}{{^vendorExtensions.x-is-jackson-optional-nullable}}"
        "USE_DEFAULTS{{/vendorExtensions.x-is-jackson-optional-nullable}}{{/required}}",
    ),
    # Deprecated in the Jackson that the generator itself is built with.
    Correction(
        f"{_NATIVE}/ApiClient.mustache", "mapper.setSerializationInclusion(", "mapper.setDefaultPropertyInclusion("
    ),
    Correction(
        f"{_NATIVE}/JSON.mustache",
        ".serializationInclusion(JsonInclude.Include.NON_NULL)",
        ".defaultPropertyInclusion(JsonInclude.Value.construct("
        "JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))",
    ),
    # A body that was left out was sent as `null`.
    Correction(
        f"{_NATIVE}/api.mustache",
        "byte[] localVarPostBody = memberVarObjectMapper.writeValueAsBytes({{paramName}});",
        "byte[] localVarPostBody = {{paramName}} == null ? new byte[0]"
        " : memberVarObjectMapper.writeValueAsBytes({{paramName}});",
    ),
    # A form whose length is not said is refused by many a proxy (411), though its length is known.
    Correction(
        f"{_NATIVE}/api.mustache",
        ".ofInputStream(() -> new ByteArrayInputStream(formBytes))",
        ".ofByteArray(formBytes)",
        times=2,
    ),
    # JSON is UTF-8 (RFC 8259, section 8.1), whatever the machine writes; before Java 18 the machine decided.
    Correction(
        f"{_NATIVE}/api.mustache",
        ".readAllBytes());",
        ".readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);",
        times=4,
    ),
)


def class_path(folder: Path = _DEBIAN) -> list[Path]:
    """Return the JARs that the client is compiled with and runs with.

    Raises ClientError when one of Debian's, or the compiler, is not there.
    """
    missing = [name for name in ("java", "javac") if not shutil.which(name)]
    missing += [f"{name}.jar" for name in _NEEDED if not (folder / f"{name}.jar").exists()]
    if missing:
        raise ClientError(f"the Java client needs {', '.join(missing)}: {_REMEDY}")
    return [*(folder / f"{name}.jar" for name in _NEEDED), JAR]


def _compile(sources: Path, classes: Path, jars: list[Path], *options: str) -> None:
    """Compile everything below a folder; each warning is an error."""
    files = sorted(sources.rglob("*.java"))
    path = ":".join(str(jar) for jar in jars)
    strict = ("-Werror", "-Xmaxwarns", "1000", "-encoding", "UTF-8", "-proc:none", *options)
    run("javac", "-d", classes, "-cp", path, *strict, *files, cwd=sources)


def _generated(bundle: Path, folder: Path) -> Path:
    """Generate the package, and lay what is ours beside it."""
    corrected(CORRECTIONS, folder / "templates")
    config = {**_CONFIG, "templateDir": str(folder / "templates/Java")}
    sources = generate(bundle, folder, config, leave_out=_LEAVE_OUT) / "src/main/java"
    shutil.copytree(_HERE / "src", sources, dirs_exist_ok=True)
    return sources


def _versions(jars: list[Path]) -> dict[str, str]:
    """Return the version of each library that the client was compiled with."""
    found = {jar.stem.replace("-", "_"): jar.resolve().stem.removeprefix(f"{jar.stem}-") for jar in jars}
    with ZipFile(JAR) as generator:
        said = generator.read("META-INF/maven/com.fasterxml.jackson.core/jackson-databind/pom.properties").decode()
    return found | {"jackson": said.partition("version=")[2].split()[0]}


def _pack(sources: Path, classes: Path, dist: Path, release: str, jars: list[Path]) -> Path:
    """Write what a Maven repository holds of a release: the classes, their sources, and the POM."""
    for old in dist.glob("galley-client-java-*"):
        old.unlink()
    name = f"galley-client-java-{release}"
    about = classes / "META-INF"
    about.mkdir()
    (about / "MANIFEST.MF").write_text(f"Manifest-Version: 1.0\r\nAutomatic-Module-Name: {_PACKAGE}\r\n\r\n")
    shutil.copy(ROOT / "LICENSE", about)
    shutil.copy(_HERE / "README.md", about)
    archive(dist / f"{name}-sources.jar", sources, [*sources.rglob("*.java")])
    pom = Template((_HERE / "pom.xml.in").read_text())
    (dist / f"{name}.pom").write_text(pom.substitute(_versions(jars), version=release))
    return archive(dist / f"{name}.jar", classes, [path for path in classes.rglob("*") if path.is_file()])


def build(bundle: Path, folder: Path, dist: Path) -> None:
    """Make the package, compile it, pack it, and compile the scenario against what was packed."""
    jars = class_path()
    sources = _generated(bundle, folder)
    # The JDK's HTTP client came with Java 11.
    _compile(sources, folder / "classes", jars, "--release", "11", _LINT)
    packed = _pack(sources, folder / "classes", dist, version(bundle), jars)
    _compile(_HERE / "scenario", folder / "scenario", [packed, *jars], "--release", "17", _LINT)


def scenarios(folder: Path) -> list[Scenario]:
    """Run it with the Java that is there, as a consumer does who has taken the JAR."""
    packed = next((folder.parent / "dist").glob("galley-client-java-*[0-9].jar"))
    path = ":".join(str(part) for part in (folder / "scenario", packed, *class_path()))
    return [Scenario("java", ("java", "-cp", path, "scenario.Main"))]
