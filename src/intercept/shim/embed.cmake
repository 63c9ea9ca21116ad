# cmake -DIMAGE=… -DSOURCE=… -P embed.cmake: the bytes of IMAGE as a C++ source, so that gg is one file.
file(READ ${IMAGE} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${SOURCE} "#include \"intercept/shim_image.hh\"\n\nnamespace intercept {\n\nnamespace {\nconst unsigned char kImage[] = {\n${bytes}};\n}\n\nstd::string_view shim_image() {\n  return {reinterpret_cast<const char*>(kImage), sizeof kImage};\n}\n\n}  // namespace intercept\n")
