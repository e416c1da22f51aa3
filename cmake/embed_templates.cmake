# Writes OUTPUT, C++ source of the service SERVICE with the content of FILES (separated by `|`) as raw
# string literals. Called by the build (sqm_embed_templates in Sqm.cmake):
#   cmake -D OUTPUT=… -D SERVICE=… -D FILES=… -P embed_templates.cmake
string(REPLACE "|" ";" FILES "${FILES}")
set(rows "")
foreach(file ${FILES})
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" content)
  if(content MATCHES "\\)textproto\"")
    message(FATAL_ERROR "${file} holds the delimiter of its own literal")
  endif()
  string(APPEND rows "      {\"${name}\", R\"textproto(${content})textproto\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"services/${SERVICE}/templates_data.h\"

namespace sqm::${SERVICE} {

std::vector<EmbeddedTemplate> EmbeddedTemplates() {
  return {
${rows}  };
}

}  // namespace sqm::${SERVICE}
")
